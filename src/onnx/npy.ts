/**
 * @file NumPy's .npy files. Format: numpy.lib.format, versions 1.0, 2.0 and 3.0 (NEP 1).
 *
 * Reads every plain numeric type in either byte order, C or Fortran order; the tensor is always little-endian and
 * row-major. Writes version 1.0, little-endian, C order, header padded to 64 bytes, as numpy.save does.
 */
import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../files/atomic.ts';
import { reasonOf, unusableArray } from '../messages/index.ts';
import {
  bytesPerElement,
  type DType,
  elementCount,
  type Tensor,
  tensorBytes,
  tensorFromBytes,
} from './tensor.ts';

const magic = '\x93NUMPY';

/** Type codes without byte order. */
const dtypes: Readonly<Record<string, DType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

const codes = Object.fromEntries(Object.entries(dtypes).map(([code, dtype]) => [dtype, code]));

/** Reads a .npy file. Errors name the file. */
export async function readNpy(path: string): Promise<Tensor> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw unusableArray(path, reasonOf(error));
  }
  return decodeNpy(bytes, path);
}

/** Writes a .npy file; a file of that name is replaced only when the new one is complete. */
export const writeNpy = (path: string, tensor: Tensor): Promise<void> =>
  writeAtomically(path, encodeNpy(tensor), { makeFolders: false });

/** The tensor in the bytes of a .npy file; `name` is what errors call the file. */
export function decodeNpy(bytes: Uint8Array, name: string): Tensor {
  const { header, dataOffset } = splitHeader(bytes, name);
  const { dtype, bigEndian, fortranOrder, dims } = parseHeader(header, name);
  const length = elementCount(dims) * bytesPerElement(dtype);
  const found = bytes.length - dataOffset;
  if (!(found >= length)) {
    throw unusableArray(
      name,
      `it is cut short: ${dtype} [${dims.join(', ')}] needs ${length} bytes, ${found} are there`,
    );
  }
  // A copy (a Buffer's own slice would not be one): byte swapping must not change the caller's bytes.
  const data = new Uint8Array(bytes.subarray(dataOffset, dataOffset + length));
  if (bigEndian) swapBytes(data, bytesPerElement(dtype));
  return tensorFromBytes(dtype, dims, fortranOrder ? toRowMajor(data, dims, bytesPerElement(dtype)) : data);
}

/** The bytes of a .npy file that holds `tensor`. */
export function encodeNpy(tensor: Tensor): Uint8Array {
  const code = codes[tensor.dtype]!;
  const descr = `${bytesPerElement(tensor.dtype) === 1 ? '|' : '<'}${code}`;
  const shape = tensor.dims.length === 1 ? `(${tensor.dims[0]},)` : `(${tensor.dims.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const preamble = magic.length + 4;
  const padding = 63 - ((preamble + dict.length) % 64); // the header ends in a newline at a multiple of 64
  const header = `${dict}${' '.repeat(padding)}\n`;
  const data = tensorBytes(tensor);
  const bytes = Buffer.alloc(preamble + header.length + data.length);
  bytes.write(magic, 'latin1');
  bytes[magic.length] = 1;
  bytes.writeUInt16LE(header.length, magic.length + 2);
  bytes.write(header, preamble, 'latin1');
  bytes.set(data, preamble + header.length);
  return bytes;
}

/** The header's text and where the data begins. */
function splitHeader(bytes: Uint8Array, name: string): { header: string; dataOffset: number } {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 10 || file.toString('latin1', 0, magic.length) !== magic) {
    throw unusableArray(name, 'it is not a .npy file');
  }
  const version = file[magic.length]!;
  if (version < 1 || version > 3) throw unusableArray(name, `unknown .npy version ${version}`);
  const headerOffset = version === 1 ? 10 : 12;
  if (file.length < headerOffset) throw unusableArray(name, 'it is cut short in its header');
  const headerLength = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  const dataOffset = headerOffset + headerLength;
  if (file.length < dataOffset) throw unusableArray(name, 'it is cut short in its header');
  return { header: file.toString(version === 3 ? 'utf8' : 'latin1', headerOffset, dataOffset), dataOffset };
}

interface Header {
  readonly dtype: DType;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly dims: readonly number[];
}

/** The three fields of the Python dictionary that a header is. */
function parseHeader(header: string, name: string): Header {
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(header);
  if (fortran === undefined || shape === undefined || descr === null) {
    throw unusableArray(name, 'its header is damaged');
  }
  if (descr[2] !== undefined) throw unusableArray(name, 'it holds records, not plain numbers');
  const [, order, code] = /^([<>=|]?)(\w+)$/.exec(descr[1]!) ?? [];
  const dtype = dtypes[code === '?' ? 'b1' : (code ?? '')];
  if (dtype === undefined) {
    const kind = code?.startsWith('O') ? 'Python objects' : `elements of type '${descr[1]}'`;
    throw unusableArray(name, `it holds ${kind}; readable: ${Object.values(dtypes).join(', ')}`);
  }
  const dims = shape.match(/\d+/g)?.map(Number) ?? [];
  return { dtype, bigEndian: order === '>', fortranOrder: fortran === 'True', dims };
}

function swapBytes(data: Uint8Array, size: number): void {
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (size === 2) view.swap16();
  if (size === 4) view.swap32();
  if (size === 8) view.swap64();
}

/** Column-major elements of `size` bytes in row-major order. */
function toRowMajor(data: Uint8Array, dims: readonly number[], size: number): Uint8Array {
  const result = new Uint8Array(data.length);
  const strides = dims.map((_, axis) => elementCount(dims.slice(0, axis)));
  const index = dims.map(() => 0);
  for (let to = 0; to < data.length; to += size) {
    const from = size * index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
    result.set(data.subarray(from, from + size), to);
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis]! === dims[axis]; axis--) index[axis] = 0;
  }
  return result;
}
