/**
 * @file State dicts as `torch.save` writes them: a zip archive of a pickle and one uncompressed entry a storage (since
 * PyTorch 1.6), or pickles followed by the storages (before). Tensors are found, not read.
 */
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { brokenTorchFile, CraquelureError, reasonOf } from '../../messages/index.ts';
import { byteLength, type DataType } from '../../onnx/model.ts';
import { elementCount } from '../../onnx/tensor.ts';
import { ForbiddenGlobal, isKind, type Pickled, type PickledTensor, readPickle } from './pickle.ts';
import type { PlacedTensor } from './weights.ts';
import { zipEntries } from './zip.ts';

const TYPES: Readonly<Record<string, DataType>> = {
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  DoubleStorage: 'float64',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
};

/** Where the bytes of a storage begin, and how many there are. */
interface Block {
  readonly offset: number;
  readonly length: number;
}

/** Every tensor of a file by its name in the state dict. @throws MODEL if it is damaged, or holds more than tensors */
export async function readTorchFile(path: string): Promise<[string, PlacedTensor][]> {
  const file = await open(path).catch((error: unknown) => {
    throw brokenTorchFile(path, reasonOf(error));
  });
  try {
    const { value, blocks } = await contentOf(file);
    const tensors = [...namedTensors(value)];
    if (tensors.length === 0) throw new RangeError('it has no named tensors');
    const real = await realpath(path);
    return tensors.map(([name, tensor]) => [name, placed(name, tensor, blocks, real)]);
  } catch (error) {
    if (error instanceof CraquelureError) throw error;
    throw brokenTorchFile(path, explained(error));
  } finally {
    await file.close();
  }
}

function explained(error: unknown): string {
  if (!(error instanceof ForbiddenGlobal)) return `${reasonOf(error)}. Download it again`;
  return (
    `it calls '${error.global}', which is no part of a tensor and could run code. ` +
    'Get the model as .safetensors, or save its state dict alone: torch.save(model.state_dict(), FILE)'
  );
}

interface Content {
  readonly value: Pickled;
  readonly blocks: ReadonlyMap<string, Block>;
}

async function contentOf(file: FileHandle): Promise<Content> {
  const { size } = await file.stat();
  const start = await bytesAt(file, 0, Math.min(4, size));
  return start[0] === 0x50 && start[1] === 0x4b ? zipped(file, size) : legacy(file, size);
}

async function bytesAt(file: FileHandle, from: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.read(bytes, 0, length, from);
  return bytes;
}

async function zipped(file: FileHandle, size: number): Promise<Content> {
  const entries = await zipEntries((from, length) => bytesAt(file, from, length), size);
  const main = [...entries.keys()].find((name) => /(^|\/)data\.pkl$/.test(name));
  if (main === undefined) throw new RangeError('it is a zip archive without data.pkl');
  const { offset, length } = entries.get(main)!;
  const { value } = readPickle(await bytesAt(file, offset, length));
  const folder = `${main.slice(0, -'data.pkl'.length)}data/`;
  const blocks = [...entries].flatMap(([name, block]) =>
    name.startsWith(folder) ? [[name.slice(folder.length), block] as const] : [],
  );
  return { value, blocks: new Map(blocks) };
}

/** The first of the pickles of an old file: a number that says that it is one. */
const MAGIC = Number(0x1950a86a20f9469cfc6cn);

/** Pickles of old files: magic number, version, machine, state dict, keys of the storages. They are short. */
const LONGEST_PICKLES = 64e6;

async function legacy(file: FileHandle, size: number): Promise<Content> {
  const bytes = await bytesAt(file, 0, Math.min(size, LONGEST_PICKLES));
  const magic = notTorch(() => readPickle(bytes));
  if (magic.value !== MAGIC) throw new RangeError(NOT_TORCH);
  const version = readPickle(bytes, magic.end);
  const machine = readPickle(bytes, version.end);
  const { value, end } = readPickle(bytes, machine.end);
  const keys = readPickle(bytes, end);
  const widths = new Map(
    [...namedTensors(value)].map(([, { storage }]) => [storage.key, widthOf(storage.type)]),
  );
  const blocks = new Map<string, Block>();
  let at = keys.end;
  for (const key of isKind(keys.value, 'list') ? keys.value.items : []) {
    const count = Number(Buffer.from(await bytesAt(file, at, 8)).readBigUInt64LE(0));
    const length = count * (widths.get(String(key)) ?? 4);
    if (at + 8 + length > size) throw new RangeError('it is cut short');
    blocks.set(String(key), { offset: at + 8, length });
    at += 8 + length;
  }
  return { value, blocks };
}

const NOT_TORCH = 'it is no such file, or of a version before PyTorch 0.2';

function notTorch<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ForbiddenGlobal) throw error;
    throw new RangeError(NOT_TORCH);
  }
}

const widthOf = (type: string): number => byteLength(TYPES[type] ?? 'float32', [1])!;

/** Tensors of a state dict; of a training checkpoint, those of the state dict in it. */
function* namedTensors(value: Pickled): Generator<[string, PickledTensor]> {
  if (!isKind(value, 'map')) return;
  const inner = [...value.entries].find(
    ([key, each]) =>
      (key === 'state_dict' || key === 'params' || key === 'params_ema') && isKind(each, 'map'),
  );
  if (inner !== undefined) {
    yield* namedTensors(inner[1]);
    return;
  }
  for (const [key, each] of value.entries) {
    if (typeof key === 'string' && isKind(each, 'tensor')) yield [key, each];
  }
}

function placed(
  name: string,
  { storage, offset, dims, strides }: PickledTensor,
  blocks: ReadonlyMap<string, Block>,
  path: string,
): PlacedTensor {
  const block = blocks.get(storage.key);
  const dtype = TYPES[storage.type];
  if (block === undefined || dtype === undefined) throw new RangeError(`'${name}' has no values in the file`);
  const rowMajor = dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
  if (elementCount(dims) > 1 && dims.some((size, axis) => size > 1 && strides[axis] !== rowMajor[axis])) {
    throw new RangeError(
      `'${name}' is stored in another order than row-major. Save it again as .safetensors`,
    );
  }
  const start = (storage.shift + offset) * byteLength(dtype, [1])!;
  const length = byteLength(dtype, dims)!;
  if (start + length > block.length) throw new RangeError(`'${name}' [${dims}] reaches beyond its values`);
  return { dtype, dims, path, offset: block.offset + start };
}
