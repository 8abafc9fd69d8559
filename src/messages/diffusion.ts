/** @file What the program says when something is wrong with sampling and fine-tuning. */
import { CraquelureError, listed, quoted } from './base.ts';
import { expected } from './parameters.ts';

// ---- diffusion -----------------------------------------------------------------------------------------------

/** A vocabulary that no tokenizer can be made of. */
export const brokenTokenizer = (path: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot read tokenizer '${path}': ${why}. Fetch it again from the model's repository, folder 'tokenizer'`,
    options,
  );

/** A U-Net that wants more than a latent, a timestep and a text. */
export const unknownConditions = (model: string, inputs: readonly string[]): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot sample from model '${model}': its U-Net also wants ${inputs.map(quoted).join(' and ')}. ` +
      'Choose a model of the kind of sd15, sd21 or sd21-768',
  );

/** A text encoder and a U-Net of two different models. */
export const mismatchedText = (
  encoder: string,
  given: number,
  unet: string,
  wanted: number,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Text encoder '${encoder}' gives ${given} numbers a token but U-Net '${unet}' wants ${wanted}. ` +
      "Choose both from one model: 'models: { diffusion: ID }'",
  );

/** A latent that is no number any more. */
export const notFiniteLatent = (model: string, step: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected finite latents from model '${model}' but received NaN or infinity at step ${step + 1}`,
  );

/** An encoder that gives one latent and not how sure it is of it. */
export const noMoments = (model: string, plugin: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected mean and log-variance of latents for ${plugin} but encoder '${model}' gives only the mean. ` +
      "Take the mean, or choose an autoencoder whose file gives both (Optimum's 'latent_parameters')",
  );

/** A configuration of a scheduler that samplers here do not know. */
export const unknownScheduler = (
  path: string,
  field: string,
  value: unknown,
  known: readonly string[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use '${path}': ${field} is ${quoted(value)}, known are ${known.join(', ')}`,
  );

// ---- fine-tuning ---------------------------------------------------------------------------------------------

export const loraMatchesNothing = (pattern: string, modules: readonly string[]): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `No layer's path matches /${pattern}/. ` +
      (modules.length === 0
        ? 'The model has no linear layer or convolution with a stored weight.'
        : `Layers: ${listed(modules)}`),
  );

export const loraRankTooHigh = (
  rank: number,
  module: string,
  inFeatures: number,
  outFeatures: number,
): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Rank ${rank} is above what '${module}' can have: its weight maps ${inFeatures} to ${outFeatures}. ` +
      `Choose a rank of at most ${Math.min(inFeatures, outFeatures)}, or leave it out by the pattern.`,
  );

export const lossNotFinite = (
  step: number,
  kept?: { readonly name: string; readonly step: number },
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `The loss or its gradient is no finite number at training step ${step}. A lower rate usually helps.` +
      (kept === undefined ? '' : ` The checkpoint of step ${kept.step} is kept: ${kept.name}`),
  );

export const otherTraining = (checkpoint: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `'${checkpoint}' is the checkpoint of another training: other pictures, captions, settings or models. ` +
      'Delete it to begin anew, or choose another place for the result',
  );

export const kohyaIsLora = (method: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `--format kohya names the pairs of a LoRA, and ${method} has none: leave --format out, or choose --method lora`,
  );

export const brokenSafetensors = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot read '${path}' as safetensors: ${why}`);

export const noWeights = (): CraquelureError =>
  new CraquelureError(
    'ONNX',
    'The model has no weight under a name of its own (`<path>.weight`) to be trained.',
  );

export const noTokenTable = (why: string): CraquelureError =>
  new CraquelureError('ONNX', `The text encoder has no embedding of that token to be trained: ${why}`);

export const unknownToken = (token: string): CraquelureError =>
  new CraquelureError(
    'PARAMETER',
    `The text encoder's vocabulary has no token '${token}': textual inversion needs one of its own, such as <new-0> of ` +
      'the embedded model',
  );

export const fewerPicturesThanBatch = (pictures: number, batch: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `${pictures} picture${pictures === 1 ? '' : 's'} cannot fill a batch of ${batch}: ` +
      `add pictures, or set batch to at most ${pictures}`,
  );

export const sideNotWhole = (side: number, multiple: number): CraquelureError =>
  expected(`multiple of ${multiple} px`, 'side', side, { code: 'USAGE' });

export const foreignLora = (
  path: string,
  role: string,
  name: string,
  found?: readonly number[],
  wanted?: readonly number[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `'${path}' was not made for this ${role === 'unet' ? 'U-Net' : 'text encoder'}: ` +
      (found === undefined
        ? `it has no layer for '${name}'`
        : `'${name}' is [${found.join(', ')}] and would have to be [${(wanted ?? []).join(', ')}]`),
  );

export const otherEmbedding = (
  path: string,
  token: string,
  found: readonly number[],
  wanted: number,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `'${path}' was not made for this text encoder: the embedding of '${token}' is [${found.join(', ')}] and would have to ` +
      `be [${wanted}]`,
  );

export const tooFewToLearn = (artist: string, pictures: number, heldOut: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `${artist === '' ? 'The data set' : artist} has ${pictures} pictures. With ${heldOut} held out to judge by, ` +
      'none is left to learn: add pictures, or lower heldOut',
  );

export const tooFewOfConcept = (concept: string, found: number, heldOut: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected more than concept-poison.heldOut=${heldOut} pictures with '${concept}' in their caption or title but the data set ` +
      `has ${found}: ${heldOut} of them judge, and the rest are learnt. Give it more of them, or lower heldOut ` +
      "(a few judge badly). Captions stand in the column 'caption' of its manifest",
  );

export const tooFewToPoison = (concept: string, learnable: number, poisoned: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at most ${learnable} for concept-poison.poisoned but received ${poisoned}: so many pictures of '${concept}' are left ` +
      'to learn beside those held out',
  );

export const tooFewForClean = (artist: string, learnt: number, clean: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at most ${learnt} clean pictures but received clean=${clean}: so many of ` +
      `${artist === '' ? 'the data set' : artist} are learnt in all`,
  );

export const needsExperiment = (metric: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `${metric} trains a model for each arm and so belongs into an experiment: craquelure run EXPERIMENT`,
  );

export const unreadableVotes = (file: string, why: string): CraquelureError =>
  new CraquelureError('USAGE', `Cannot read votes from '${file}': ${why}`);
