/** @file What the program says when something is wrong with devices, sessions and engines. */
import { CraquelureError, quoted, solutions } from './base.ts';

// ---- devices and sessions ------------------------------------------------------------------------------------

/** How to make a device work, with exact commands; `install` is onnxruntime-node's own script. */
export const deviceFixes = (device: string, install: string): readonly string[] => {
  const cuda = [
    `download the CUDA files, which the npm package lacks: node ${install} --onnxruntime-node-install`,
    'install CUDA 12 and cuDNN 9, and check that nvidia-smi lists a GPU',
  ];
  const webgpu = [
    'on Debian or Ubuntu, install a Vulkan loader and driver: sudo apt-get install libvulkan1 mesa-vulkan-drivers',
    'without a GPU, set a software driver before the start: export VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json',
  ];
  const known: Readonly<Record<string, readonly string[]>> = { cuda, tensorrt: cuda, webgpu };
  return known[device] ?? [];
};

/** A device that cannot be used at all, or that failed while it ran. */
export const deviceFailed = (
  device: string,
  why: string,
  install: string,
  options?: ErrorOptions,
): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      `Cannot use device '${device}': ${why}`,
      solutions(
        ...deviceFixes(device, install),
        'see which devices work on this machine: craquelure doctor',
        'run on the CPU: --device cpu',
      ),
    ].join('\n'),
    options,
  );

/** A model that ONNX Runtime refuses to load. */
export const unloadableModel = (model: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError('ONNX', `Cannot load model '${model}': ${why}`, options);

/** A run that failed inside ONNX Runtime although its inputs had the right types and shapes. */
export const runFailed = (
  model: string,
  device: string,
  why: string,
  options?: ErrorOptions,
): CraquelureError =>
  new CraquelureError('ONNX', `Model '${model}' failed on device '${device}': ${why}`, options);

/** Inputs that a model needs and that are missing. */
export const missingInputs = (model: string, missing: readonly string[]): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Missing input${missing.length > 1 ? 's' : ''} ${missing.map(quoted).join(', ')} for model '${model}'`,
  );

/** `Expected float32 [batch, 3, height, width] for input 'image' of model 'm.onnx' but received float32 [1, 4, 8, 8]` */
export const misfitTensor = (
  what: string,
  model: string,
  wanted: string,
  received: string,
): CraquelureError =>
  new CraquelureError('USAGE', `Expected ${wanted} for ${what} of model '${model}' but received ${received}`);

/** Inputs too small for the windows of a network. */
export const inputTooSmall = (
  model: string,
  received: string,
  node: string,
  least: number | undefined,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected sides of at least ${least ?? 'more than 512'} px for model '${model}' but received ${received}: ` +
      `nothing is left of them at ${node}. Use larger images`,
  );

/** A session used after it was closed: a mistake of the program. */
export const closedSession = (model: string): CraquelureError =>
  new CraquelureError('DEVICE', `The session of model '${model}' was used after it was closed`);

// ---- engine tfjs ---------------------------------------------------------------------------------------------

/** TensorFlow.js, or its GPU package, is not installed or does not load. */
export const tfjsMissing = (what: string, device: string, why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      `Cannot use engine 'tfjs' on device '${device}': ${why.split('\n')[0]}`,
      solutions(
        `install it: npm install ${what}`,
        "use TensorFlow.js's own CPU backend: --engine tfjs --device cpu",
        'use the other engine: --engine onnx',
      ),
    ].join('\n'),
  );

/** An operator, or a use of one, that the TensorFlow.js engine does not cover. */
export const unsupportedByTfjs = (operator: string, node: string, how?: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Engine 'tfjs' does not support ${operator} '${node}'${how === undefined ? '' : ` ${how}`}. Use --engine onnx`,
  );
