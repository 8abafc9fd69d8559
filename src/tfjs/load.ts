/** @file TensorFlow.js, loaded when asked for: both packages are optional, and large. */
import { reasonOf, tfjsMissing } from '../messages/index.ts';
import type { Device } from '../runtime/device.ts';

/** A TensorFlow.js backend: `tensorflow` is @tensorflow/tfjs-node-gpu, `cpu` is plain JavaScript. */
export type TfjsBackend = 'tensorflow' | 'cpu';

/** Backends by the device they stand for; the others are ONNX Runtime's alone. */
const wanted = { cpu: 'cpu', cuda: 'tensorflow' } as const;

/**
 * Makes a backend ready and says which: `cuda` needs @tensorflow/tfjs-node-gpu, `auto` takes it where it is
 * installed. Throws with the command that installs what is missing.
 */
export async function loadTfjs(device: Device | 'auto'): Promise<TfjsBackend> {
  const tf = await import('@tensorflow/tfjs').catch((cause: unknown) => {
    throw tfjsMissing('@tensorflow/tfjs', device, reasonOf(cause));
  });
  tf.env().set('PROD', true); // no advice on the terminal, no range checks of every value
  if (device !== 'cpu') {
    const problem =
      device === 'auto' || device === 'cuda' ? await loadGpu() : `tfjs has no device '${device}'`;
    if (problem === undefined) return use(tf, wanted.cuda);
    if (device !== 'auto') throw tfjsMissing('@tensorflow/tfjs-node-gpu', device, problem);
  }
  return use(tf, wanted.cpu);
}

async function use(tf: typeof import('@tensorflow/tfjs'), backend: TfjsBackend): Promise<TfjsBackend> {
  await tf.setBackend(backend);
  await tf.ready();
  return backend;
}

/** Why the GPU package cannot be used; undefined if it can. */
async function loadGpu(): Promise<string | undefined> {
  const name: string = '@tensorflow/tfjs-node-gpu'; // not a literal: most installations lack it
  try {
    await import(name);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
