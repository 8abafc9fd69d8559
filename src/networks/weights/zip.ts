/** @file The entries of a zip archive that are stored as they are, and where: what PyTorch's archives consist of. */

/** Bytes of a file from a place on. */
type Read = (from: number, length: number) => Promise<Uint8Array>;

const END = 0x06054b50;
const END_64_LOCATOR = 0x07064b50;
const ENTRY = 0x02014b50;
const FULL = 0xffffffff;

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const uint64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

interface Listed {
  readonly name: string;
  readonly size: number;
  /** Place of the header of the entry; its bytes follow. */
  readonly header: number;
}

/** Every entry by name. @throws RangeError where the archive is cut short, or an entry compressed */
export async function zipEntries(
  read: Read,
  size: number,
): Promise<ReadonlyMap<string, { readonly offset: number; readonly length: number }>> {
  const { at, length } = await directoryOf(read, size);
  const entries = new Map<string, { offset: number; length: number }>();
  for (const { name, size: bytes, header } of listedIn(await read(at, length))) {
    const own = viewOf(await read(header, 30));
    // The extra field of an entry's own header differs from that in the directory: PyTorch pads with it.
    const offset = header + 30 + own.getUint16(26, true) + own.getUint16(28, true);
    if (offset + bytes > size) throw new RangeError(`it is cut short within '${name}'`);
    entries.set(name, { offset, length: bytes });
  }
  return entries;
}

/** Where the list of entries lies. */
async function directoryOf(read: Read, size: number): Promise<{ at: number; length: number }> {
  const tail = Math.min(size, 65557);
  const bytes = await read(size - tail, tail);
  const view = viewOf(bytes);
  let end = tail - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) throw new RangeError('it is cut short: the list of its entries is missing');
  const [length, at] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  if (end < 20 || view.getUint32(end - 20, true) !== END_64_LOCATOR) return { at, length };
  const wide = viewOf(await read(uint64(view, end - 20 + 8), 56));
  return { at: uint64(wide, 48), length: uint64(wide, 40) };
}

function* listedIn(bytes: Uint8Array): Generator<Listed> {
  const view = viewOf(bytes);
  for (let at = 0; at + 46 <= bytes.length; ) {
    if (view.getUint32(at, true) !== ENTRY) throw new RangeError('the list of its entries is damaged');
    const [nameLength, extraLength, comment] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    ) as [number, number, number];
    const name = Buffer.from(bytes.subarray(at + 46, at + 46 + nameLength)).toString('utf8');
    if (view.getUint16(at + 10, true) !== 0) throw new RangeError(`'${name}' is compressed`);
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    yield { name, ...wideFields(view.getUint32(at + 24, true), view.getUint32(at + 42, true), extra) };
    at += 46 + nameLength + extraLength + comment;
  }
}

/** Sizes and places beyond 4 GB stand in the extra field (zip64): size, compressed size, place, those that are needed. */
function wideFields(size: number, header: number, extra: Uint8Array): Pick<Listed, 'size' | 'header'> {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    const fields = Array.from({ length: Math.floor(view.getUint16(at + 2, true) / 8) }, (_, i) =>
      uint64(view, at + 4 + 8 * i),
    );
    // What is stored is as large compressed as not, so that both sizes or none are here.
    return { size: size === FULL ? fields[0]! : size, header: header === FULL ? fields.at(-1)! : header };
  }
  return { size, header };
}
