/** @file What the program says when something is wrong with ONNX models, arrays and gradients. */
import { CraquelureError } from './base.ts';

// ---- arrays --------------------------------------------------------------------------------------------------

/** A .npy file that cannot be used, and why. */
export const unusableArray = (path: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use array '${path}': ${why}`);

// ---- ONNX models and gradients -------------------------------------------------------------------------------

/** A model file that cannot be used, and why. */
export const invalidModel = (name: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use model '${name}': ${why}`, options);

/** External data of a tensor that cannot be used, and why. */
export const unusableExternalData = (model: string, tensor: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use external data of tensor '${tensor}' in model '${model}': ${why}`);

/** An output that does not fit the input it is to feed. */
export const mismatchedJoin = (
  output: string,
  given: string,
  input: string,
  wanted: string,
): CraquelureError =>
  new CraquelureError('ONNX', `Expected ${wanted} for input '${input}' but output '${output}' is ${given}`);

/** Two models whose external data cannot be named from one folder. */
export const separateFolders = (a: string, b: string): CraquelureError =>
  new CraquelureError('ONNX', `Expected external data in one folder but it lies in '${a}' and in '${b}'`);

/** A model in an operator set whose broadcasting is another. */
export const oldOpset = (found: number, oldest: number): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Expected operator set ${oldest} or later but the model is in ${found}; export it again with a later one`,
  );

/** An operator whose gradient is not known, and how it lies between the loss and what was asked for. */
export const missingRule = (
  operator: string,
  node: string,
  path: readonly string[],
  { controlFlow = false, output = 0 }: { controlFlow?: boolean; output?: number } = {},
): CraquelureError => {
  const why = controlFlow
    ? 'control flow is not differentiated; export the model without it'
    : 'it has no gradient rule';
  const which = output > 0 ? ` by way of its output ${output}` : '';
  return new CraquelureError(
    'ONNX',
    `Cannot differentiate operator ${operator} of node '${node}'${which}: ${why}. Path: ${path.join(' -> ')}`,
  );
};

/** An operator that has a rule, but not for the way this node uses it. */
export const unsupportedGradient = (operator: string, node: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot differentiate operator ${operator} of node '${node}': ${why}`);

/** A name that the loss does not depend on. */
export const noInfluence = (name: string, targets: readonly string[]): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Cannot differentiate by '${name}': it does not influence ${targets.join(', ')}`,
  );

/** A value that gradients do not exist for. */
export const notDifferentiable = (name: string, dtype: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot differentiate '${name}': its type is ${dtype}, not a float type`);

/** A loss that is not one number. */
export const notScalar = (name: string, shape: readonly (number | string)[]): CraquelureError =>
  new CraquelureError('ONNX', `Expected a scalar for loss '${name}' but its shape is [${shape.join(', ')}]`);

/** A value whose rank a rule needs and nothing tells. */
export const unknownRank = (name: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Cannot differentiate past '${name}': its rank is unknown; run shape inference on the model first`,
  );

// ---- gradcheck -----------------------------------------------------------------------------------------------

/** A model whose outputs are no numbers at the inputs that were drawn. */
export const notFiniteOutput = (model: string, output: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Output '${output}' of model '${model}' is NaN or infinite at random inputs. Give real ones: --input NAME=FILE.npy`,
  );
