/**
 * @file The segments of a JPEG file. Cameras and editors leave bytes between two of them, which decoders skip; libjpeg calls
 * that damage, the same as data that are cut short, and so hides which is which.
 * Source: ITU-T T.81, B.1.1.2: before a marker there may be fill bytes 0xFF.
 */

/** Where a part of the file begins and ends. */
type Span = readonly [begin: number, end: number];

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const TEM = 0x01;
const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

/** The file without the bytes between its segments; the same array if there are none. Coded image data stay as they are. */
export function withoutStrayBytes(bytes: Uint8Array): Uint8Array {
  const kept: Span[] = [[0, 2]];
  let at = 2;
  for (;;) {
    const begin = markerFrom(bytes, at);
    if (begin === undefined) return bytes; // cut short: the decoder says so
    const end = endOf(bytes, begin);
    if (end > bytes.length) return bytes;
    const last = bytes[begin + 1] === EOI;
    kept.push([begin, last ? bytes.length : end]);
    if (last) break;
    at = end;
  }
  const length = kept.reduce((sum, [begin, end]) => sum + end - begin, 0);
  if (length === bytes.length) return bytes;
  return Buffer.concat(kept.map(([begin, end]) => bytes.subarray(begin, end)));
}

/** Where the next marker begins; fill bytes before it belong to it no more than others. */
function markerFrom(bytes: Uint8Array, from: number): number | undefined {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] === 0xff && bytes[at + 1] !== 0xff && bytes[at + 1] !== 0) return at;
  }
  return undefined;
}

/** Where the segment that begins at a marker ends; a scan ends where its coded data do. */
function endOf(bytes: Uint8Array, begin: number): number {
  const marker = bytes[begin + 1]!;
  if (marker === EOI || marker === SOI || marker === TEM || isRestart(marker)) return begin + 2;
  const length = ((bytes[begin + 2] ?? 0) << 8) | (bytes[begin + 3] ?? 0);
  const end = begin + 2 + Math.max(2, length);
  return marker === SOS ? endOfScan(bytes, end) : end;
}

/** Coded data hold 0xFF only before 0, and before restart markers; fill bytes may stand before the next marker. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    const next = bytes[at + 1]!;
    if (next !== 0 && next !== 0xff && !isRestart(next)) return at;
  }
  return bytes.length + 1; // never: the data are cut short
}
