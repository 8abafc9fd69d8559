/** @file What the program says when something is wrong with published checkpoints and the networks that they belong to. */
import { CraquelureError, didYouMean, listed, quoted } from './base.ts';

/** A PyTorch file that cannot be read, and why. */
export const brokenTorchFile = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot read '${path}' as a PyTorch file of tensors: ${why}`);

/** A checkpoint in a format that is not read, and what to do. */
export const unreadableCheckpoint = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot read checkpoint '${path}': ${why}`);

/** A part of a checkpoint that is listed in its index and is not there. */
export const missingShard = (path: string, index: string, tensor: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Missing file '${path}', in which '${index}' says that tensor '${tensor}' is. Download all files of the model`,
  );

/** A weight that a network needs and that its checkpoint does not have. */
export const missingWeight = (
  source: string,
  network: string,
  tensor: string,
  names: readonly string[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Missing tensor '${tensor}' in '${source}', which ${network} needs.${didYouMean(tensor, names)} ` +
      'The checkpoint is of another network or incomplete: choose the file that belongs to the configuration',
  );

/** A weight of another shape than the configuration says. */
export const misshapenWeight = (
  source: string,
  tensor: string,
  wanted: readonly number[],
  found: readonly number[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected shape [${wanted.join(', ')}] for tensor '${tensor}' in '${source}' but it has [${found.join(', ')}]. ` +
      'The configuration is of another model: take both from one folder',
  );

/** A weight whose element type networks do not compute with. */
export const unusableWeight = (source: string, tensor: string, dtype: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected float32, float16 or bfloat16 for tensor '${tensor}' in '${source}' but it is ${dtype}. ` +
      'Get the model with weights of one of these types',
  );

/** An option of a network's configuration that is not known, or has a value that is not supported. */
export const unsupportedOption = (
  path: string,
  network: string,
  option: string,
  value: unknown,
  wanted: string,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use '${path}': ${network} with ${option} ${quoted(value)} is not supported (${wanted}). ` +
      'Export the model to ONNX instead: optimum-cli export onnx --model NAME FOLDER',
  );

/** A class of networks that is not known, or does not play a role. */
export const unknownNetwork = (path: string, found: unknown, known: readonly string[]): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use '${path}': unknown network ${quoted(found)}. Available: ${listed(known)}`,
  );

/** A class of networks in a role that it does not play. */
export const unfitNetwork = (
  path: string,
  network: string,
  role: string,
  roles: readonly string[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use '${path}' for role '${role}': ${network} fills ${roles.map(quoted).join(' and ')}`,
  );

/** A configuration that cannot be read. */
export const brokenConfig = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot read configuration '${path}': ${why}. Download it again`);

/** A checkpoint in one file that is not of the family of Stable Diffusion, or lacks one of its networks. */
export const notLatentDiffusion = (
  source: string,
  names: readonly string[],
  prefix?: string,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use checkpoint '${source}': ` +
      (prefix === undefined
        ? `it is not of Stable Diffusion 1, 2 or XL. Its tensors begin with ${names.map(quoted).join(', ')}`
        : `it has no tensor whose name begins with '${prefix}'. Choose a file with all networks of the model`),
  );
