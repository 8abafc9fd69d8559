/** @file ONNX Runtime, loaded when first used: `craquelure --help` must not wait for 45 MB of native code. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

type OnnxRuntime = typeof import('onnxruntime-node');

let loaded: Promise<OnnxRuntime> | undefined;

/** The onnxruntime-node module. Its own log is silenced: what goes wrong is thrown, and worded in messages.ts. */
export function loadOnnxRuntime(): Promise<OnnxRuntime> {
  loaded ??= import('onnxruntime-node').then((ort) => {
    ort.env.logLevel = 'fatal';
    return ort;
  });
  return loaded;
}

/** The folder of the onnxruntime-node package. */
export const onnxRuntimeFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));

/** The script of onnxruntime-node that fetches what is too large for npm: the CUDA files. */
export const installScript = (): string => join(onnxRuntimeFolder(), 'script', 'install.js');

/** The reason inside an error of ONNX Runtime: without the names of its source files and functions. */
export function reasonInside(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [first = text] = text.trim().split('\n');
  return first
    .replace(/^no available backend found\. ERR: /, '')
    .replace(/^Error code - [^:]*: /, '')
    .replace(/^Load model from .* failed:/, '')
    .replace(/\/\S*onnxruntime_src\/\S+:\d+ .*?( was false\. |\) )/, '')
    .trim();
}
