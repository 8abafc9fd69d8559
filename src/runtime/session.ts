/**
 * @file Sessions: a model made ready on a device, run on named tensors.
 *
 * Names, element types and shapes are checked before anything runs, so that a mistake names the input and not a
 * node deep in the graph.
 */
import { access } from 'node:fs/promises';
import type { InferenceSession } from 'onnxruntime-node';
import {
  closedSession,
  deviceFailed,
  inputTooSmall,
  misfitTensor,
  missingInputs,
  reasonOf,
  runFailed,
  unknownName,
  unloadableModel,
} from '../messages/index.ts';
import type { Model } from '../onnx/model.ts';
import { type SizeCheck, sizeCheck } from '../onnx/least-size.ts';
import type { DType, NamedTensors, Tensor } from '../onnx/tensor.ts';
import { type Device, resolveDevice } from './device.ts';
import { peakMemory } from './memory.ts';
import { installScript, loadOnnxRuntime, reasonInside } from './ort.ts';

/**
 * A model file by path: its weights never pass through JavaScript, whatever their size. Or a model in memory, whose
 * external data (if any) ONNX Runtime reads itself from the model's folder. Or the bytes of a file without any.
 */
export type ModelSource = string | Model | Uint8Array;

export interface SessionOptions {
  /** Where to run; `auto` takes the fastest device that works. */
  readonly device?: Device | 'auto' | undefined;
  /** CPU threads inside an operator; by default one for each physical core. */
  readonly threads?: number | undefined;
  /** How far ONNX Runtime may rewrite the graph; `all` by default. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all' | undefined;
  /** What messages call a model that has no path. */
  readonly name?: string | undefined;
  /** Where to write ONNX Runtime's profile (JSON for chrome://tracing): a prefix of file names. */
  readonly profile?: string | undefined;
}

/** An input or output of a model. A dimension is a size or the name of a free one ('' where it has none). */
export interface Port {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly (number | string)[];
}

/** What the last run of a session took. */
export interface RunCost {
  /** Wall time, milliseconds. */
  readonly ms: number;
  /** The process's highest resident memory up to the end of the run, bytes. */
  readonly peakMemory: number;
}

export interface Session {
  /** The name of the model, for messages. */
  readonly model: string;
  readonly device: Device;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /**
   * The outputs named in `wanted` (all by default) for the given inputs. Throws before running where an input is
   * missing, unknown, of another type or shape than the model wants, or (of a model in memory) smaller than its windows.
   */
  run(inputs: NamedTensors, wanted?: readonly string[]): Promise<NamedTensors>;
  /** What the last run took; undefined before the first. */
  lastRun(): RunCost | undefined;
  /** Frees the native memory; a second call does nothing. */
  close(): Promise<void>;
}

/** Makes a model ready. Errors say whether the model or the device is at fault, and what to do. */
export async function openSession(source: ModelSource, options: SessionOptions = {}): Promise<Session> {
  const model = typeof source === 'string' ? source : (options.name ?? 'in memory');
  if (typeof source === 'string') {
    await access(source).catch((error) => {
      throw unloadableModel(source, reasonOf(error));
    });
  }
  const device = await resolveDevice(options.device ?? 'cpu');
  try {
    const native = await createNative(source, device, options);
    return wrap(native, model, device, isModel(source) ? sizeCheck(source) : undefined);
  } catch (error) {
    const reason = reasonInside(error);
    if (device !== 'cpu' && /provider|adapter|device|backend|cuda|vulkan|webgpu/i.test(reason)) {
      throw deviceFailed(device, reason, installScript(), { cause: error });
    }
    throw unloadableModel(model, reason, { cause: error });
  }
}

async function createNative(
  source: ModelSource,
  device: Device,
  { threads, optimization = 'all', profile }: SessionOptions,
): Promise<InferenceSession> {
  const { InferenceSession: Native } = await loadOnnxRuntime();
  const settings: InferenceSession.SessionOptions = {
    executionProviders: [device],
    graphOptimizationLevel: optimization,
    logSeverityLevel: 4,
    // Planned memory is one block for each shape beside the arena: a gradient at 512 px took 400 MB more, no faster.
    enableMemPattern: false,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
  };
  if (typeof source === 'string') return Native.create(source, settings);
  if (source instanceof Uint8Array) return Native.create(source, settings);
  const { encodeModel } = await import('../onnx/encode.ts');
  const folder = source.folder && { model_external_initializers_file_folder_path: source.folder };
  return Native.create(encodeModel(source), { ...settings, ...(folder && { extra: { session: folder } }) });
}

const isModel = (source: ModelSource): source is Model =>
  typeof source === 'object' && !(source instanceof Uint8Array);

function wrap(
  native: InferenceSession,
  model: string,
  device: Device,
  sizes: SizeCheck | undefined,
): Session {
  const inputs = native.inputMetadata.map(portOf);
  const outputs = native.outputMetadata.map(portOf);
  let closed = false;
  let last: RunCost | undefined;

  const run = async (given: NamedTensors, wanted?: readonly string[]): Promise<NamedTensors> => {
    if (closed) throw closedSession(model);
    checkInputs(model, inputs, given);
    const names = outputs.map((port) => port.name);
    for (const name of wanted ?? []) {
      if (!names.includes(name)) throw unknownName('output', name, names, { code: 'USAGE' });
    }
    if (sizes !== undefined) checkSizes(model, sizes, given);
    const { Tensor: NativeTensor } = await loadOnnxRuntime();
    const feeds = Object.fromEntries(
      inputs.map(({ name }) => [name, toNative(NativeTensor, given[name] as Tensor)]),
    );
    const start = performance.now();
    try {
      const results = await native.run(feeds, wanted ?? names);
      return Object.fromEntries((wanted ?? names).map((name) => [name, fromNative(results[name]!)]));
    } catch (error) {
      throw runFailed(model, device, reasonInside(error), { cause: error });
    } finally {
      last = { ms: performance.now() - start, peakMemory: peakMemory() };
    }
  };

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await native.release();
  };

  return { model, device, inputs, outputs, run, lastRun: () => last, close };
}

/** Throws if nothing is left of the inputs somewhere in the network. */
function checkSizes(model: string, sizes: SizeCheck, given: NamedTensors): void {
  const shapes = Object.fromEntries(Object.entries(given).map(([name, { dims }]) => [name, dims]));
  const node = sizes.nothingLeft(shapes);
  if (node === undefined) return;
  const images = Object.values(given).filter(({ dims }) => dims.length === 4);
  const received = images.map(describe).join(' and ') || Object.values(given).map(describe).join(' and ');
  throw inputTooSmall(model, received, `${node.opType} '${node.name}'`, sizes.leastSide(shapes));
}

/** Throws if `given` is not what `ports` of `model` want; used by every engine before it runs. */
export function checkInputs(model: string, ports: readonly Port[], given: NamedTensors): void {
  const names = ports.map((port) => port.name);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw unknownName('input', name, names, { code: 'USAGE' });
  }
  const missing = names.filter((name) => given[name] === undefined);
  if (missing.length > 0) throw missingInputs(model, missing);
  for (const port of ports) checkFit(model, `input '${port.name}'`, port, given[port.name]!);
}

/** Throws if a tensor has another type or shape than a port. `what` names it in the message. */
export function checkFit(model: string, what: string, port: Port, tensor: Tensor): void {
  // A port without dimensions is a scalar or of unknown rank: ONNX Runtime does not tell which.
  const shaped =
    port.dims.length === 0 ||
    (tensor.dims.length === port.dims.length &&
      port.dims.every((dim, axis) => typeof dim === 'string' || dim === tensor.dims[axis]));
  const fits = tensor.dtype === port.dtype && shaped;
  if (!fits) throw misfitTensor(what, model, describe(port), describe(tensor));
}

const describe = ({ dtype, dims }: { dtype: DType; dims: readonly (number | string)[] }): string =>
  `${dtype} [${dims.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;

function portOf(metadata: InferenceSession.ValueMetadata): Port {
  if (!metadata.isTensor) return { name: metadata.name, dtype: 'float32', dims: [] };
  return { name: metadata.name, dtype: metadata.type as DType, dims: metadata.shape };
}

type NativeTensor = InstanceType<typeof import('onnxruntime-node').Tensor>;

// Since Node 24 ONNX Runtime wants Float16Array, which Node 20 does not have.
const NativeHalf = (globalThis as { Float16Array?: typeof Uint16Array }).Float16Array;

function toNative(
  Native: typeof import('onnxruntime-node').Tensor,
  { dtype, data, dims }: Tensor,
): NativeTensor {
  const half = dtype === 'float16' && NativeHalf !== undefined;
  const native = half ? new NativeHalf(data.buffer as ArrayBuffer, data.byteOffset, data.length) : data;
  return new Native(dtype as 'float32', native as Float32Array, dims);
}

function fromNative(native: NativeTensor): Tensor {
  const { type, dims, data } = native;
  const { buffer, byteOffset, length } = data as Float32Array<ArrayBuffer>;
  const plain = type === 'float16' ? new Uint16Array(buffer, byteOffset, length) : data;
  return { dtype: type, dims, data: plain } as Tensor;
}
