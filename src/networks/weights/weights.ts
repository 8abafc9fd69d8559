/**
 * @file The tensors of a published checkpoint, where they are: names, shapes, element types, and a place in a file for each.
 * No byte of them passes through JavaScript: a graph names the place as external data, and ONNX Runtime reads it.
 */
import { dirname, relative, sep } from 'node:path';
import { byteLength, type DataType, type StoredTensor } from '../../onnx/model.ts';

/** A tensor and its place, row-major and little endian. */
export interface PlacedTensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Absolute, with links followed. */
  readonly path: string;
  readonly offset: number;
}

/** A checkpoint. */
export interface Weights {
  /** What messages call it: the file or folder as the user knows it. */
  readonly source: string;
  readonly tensors: ReadonlyMap<string, PlacedTensor>;
}

/** The same tensors under other names; those that `rename` gives no name are left out. */
export function renamedWeights(
  { source, tensors }: Weights,
  rename: (name: string) => string | undefined,
): Weights {
  const entries = [...tensors].flatMap(([name, tensor]) => {
    const other = rename(name);
    return other === undefined ? [] : [[other, tensor] as const];
  });
  return { source, tensors: new Map(entries) };
}

/** The tensors whose names begin with `prefix`, without it. */
export const weightsUnder = (weights: Weights, prefix: string): Weights =>
  renamedWeights(weights, (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined));

/** Rows `from` to `to` of a tensor along its first axis: its bytes lie together, so that this is a place, too. */
export function rowsOfTensor(tensor: PlacedTensor, from: number, to: number): PlacedTensor {
  const dims = [to - from, ...tensor.dims.slice(1)];
  const bytes = byteLength(tensor.dtype, dims)!;
  return { ...tensor, dims, offset: tensor.offset + (bytes / (to - from)) * from };
}

/** The folder that holds every file of some tensors. */
export function folderOf(tensors: Iterable<PlacedTensor>): string | undefined {
  let folder: readonly string[] | undefined;
  for (const path of new Set([...tensors].map((each) => dirname(each.path)))) {
    const parts = path.split(sep);
    const shared = folder?.findIndex((part, i) => part !== parts[i]) ?? -1;
    folder = folder === undefined ? parts : shared < 0 ? folder : folder.slice(0, shared);
  }
  return folder === undefined ? undefined : folder.join(sep) || sep;
}

/** A tensor as an initializer of a graph whose external data is relative to `folder`. */
export function asStored(
  name: string,
  { dtype, dims, path, offset }: PlacedTensor,
  folder: string,
): StoredTensor {
  const location = relative(folder, path).split(sep).join('/');
  return { name, dtype, dims, external: { location, offset, length: byteLength(dtype, dims)! } };
}
