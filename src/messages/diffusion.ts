/** @file What the program says when something is wrong with sampling and fine-tuning. */
import { CraquelureError, listed, quoted } from './base.ts';
import { expected } from './parameters.ts';

// ---- diffusion -----------------------------------------------------------------------------------------------

/** A vocabulary file that cannot be read. */
export const brokenTokenizer = (path: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot read tokenizer '${path}': ${why}. Download it again from the folder 'tokenizer' of the model's repository`,
    options,
  );

/** A U-Net that needs more than a latent, a timestep and a text embedding. */
export const unknownConditions = (model: string, inputs: readonly string[]): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot sample from model '${model}': its U-Net also needs ${inputs.map(quoted).join(' and ')}. ` +
      'Choose a model of the same architecture as sd15, sd21 or sd21-768',
  );

/** A text encoder and a U-Net of different models. */
export const mismatchedText = (
  encoder: string,
  given: number,
  unet: string,
  wanted: number,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected ${wanted} numbers per token for U-Net '${unet}' but text encoder '${encoder}' gives ${given}. ` +
      "Choose both from one model: 'models: { diffusion: ID }'",
  );

/** A latent that is no longer finite. */
export const notFiniteLatent = (model: string, step: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected finite latents from model '${model}' but received NaN or infinity at step ${step + 1}`,
  );

/** An encoder that gives the mean of the latent, but not its variance. */
export const noMoments = (model: string, plugin: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected mean and log-variance of the latent for ${plugin} but encoder '${model}' gives only the mean. ` +
      "Use the mean, or choose an autoencoder whose file gives both (Optimum's 'latent_parameters')",
  );

/** A scheduler configuration that the samplers do not support. */
export const unknownScheduler = (
  path: string,
  field: string,
  value: unknown,
  known: readonly string[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use '${path}': unknown ${field} ${quoted(value)}. Available: ${known.join(', ')}`,
  );

// ---- fine-tuning ---------------------------------------------------------------------------------------------

export const loraMatchesNothing = (pattern: string, modules: readonly string[]): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `No layer has a path that matches /${pattern}/. ` +
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
    `Expected a LoRA rank of at most ${Math.min(inFeatures, outFeatures)} for layer '${module}', which maps ${inFeatures} to ${outFeatures} features, but received ${rank}. ` +
      'Lower the rank, or exclude the layer with a pattern',
  );

export const lossNotFinite = (
  step: number,
  kept?: { readonly name: string; readonly step: number },
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `The loss or its gradient is NaN or infinite at training step ${step}. A lower learning rate usually helps` +
      (kept === undefined ? '' : `. The checkpoint of step ${kept.step} is kept: ${kept.name}`),
  );

export const otherTraining = (checkpoint: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Checkpoint '${checkpoint}' is from a training with different images, captions, settings or models. ` +
      'Delete it to start again, or write the result to another file',
  );

export const brokenSafetensors = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot read '${path}' as safetensors: ${why}`);

export const noWeights = (): CraquelureError =>
  new CraquelureError('ONNX', 'The model has no named weight (`<path>.weight`) that could be trained');

export const noTokenTable = (why: string): CraquelureError =>
  new CraquelureError('ONNX', `The text encoder has no embedding for that token: ${why}`);

export const unknownToken = (token: string): CraquelureError =>
  new CraquelureError(
    'PARAMETER',
    `The vocabulary of the text encoder has no token '${token}'. Textual inversion needs a token that is in it, ` +
      'such as <new-0> of the embedded model',
  );

export const fewerImagesThanBatch = (images: number, batch: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at least ${batch} training images for batch size ${batch} but found ${images}. ` +
      `Add images, or set the batch size to ${images}`,
  );

export const resolutionNotMultiple = (resolution: number, multiple: number): CraquelureError =>
  expected(`multiple of ${multiple} px`, 'resolution', resolution, { code: 'USAGE' });

export const foreignLora = (
  path: string,
  role: string,
  name: string,
  found?: readonly number[],
  wanted?: readonly number[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `LoRA file '${path}' does not fit this ${role === 'unet' ? 'U-Net' : 'text encoder'}: ` +
      (found === undefined
        ? `'${name}' is not a layer of the model, or its LoRA pair is incomplete`
        : `expected shape [${(wanted ?? []).join(', ')}] for '${name}' but the file has [${found.join(', ')}]`),
  );

/** Settings of a LoRA file that cannot be read; without them its strength is unknown. */
export const unusableLoraSettings = (path: string, where: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use LoRA file '${path}': ${where} is not valid, so the strength (alpha) is unknown. ` +
      'Save the file again with the program that made it',
  );

/** A file of a method that is not LoRA, or of a model that is trained otherwise. */
export const unsupportedLora = (path: string, kind: string, name: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use '${path}': it is ${kind} (${quoted(name)}), which is not supported. ` +
      'Use a LoRA file for the version of the model',
  );

export const otherEmbedding = (
  path: string,
  token: string,
  found: readonly number[],
  wanted: number,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Embedding file '${path}' does not fit this text encoder: expected shape [${wanted}] for '${token}' but the file has ` +
      `[${found.join(', ')}]`,
  );

export const tooFewToTrain = (artist: string, images: number, heldOut: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected more than heldOut=${heldOut} images for ${artist === '' ? 'the data set' : artist} but found ${images}. ` +
      'No image is left for training: add images, or lower heldOut',
  );

export const tooFewOfConcept = (concept: string, found: number, heldOut: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected more than heldOut=${heldOut} images with '${concept}' in their caption or title for concept-poison but found ${found}. ` +
      "Add images or captions (column 'caption' of the manifest), or lower heldOut",
  );

export const tooFewToPoison = (concept: string, trainable: number, poisoned: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at most ${trainable} for concept-poison.poisoned but received ${poisoned}. ` +
      `The training set has ${trainable} image${trainable === 1 ? '' : 's'} of '${concept}'`,
  );

export const tooFewForClean = (artist: string, training: number, clean: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at most ${training} for cleanImages but received ${clean}. ` +
      `The training set has ${training} image${training === 1 ? '' : 's'}${artist === '' ? '' : ` by ${artist}`}`,
  );
