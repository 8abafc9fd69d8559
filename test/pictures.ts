/** @file Pictures for tests: seeded noise, and files of the unpleasant kinds. */
import { fromBytes, type Image } from '../src/image/image.ts';
import { seededRandom } from '../src/random.ts';

/** A picture of seeded random pixels, with an opacity plane from 0 to 255 where asked for. */
export function randomImage(width: number, height: number, { seed = 0, alpha = false } = {}): Image {
  const random = seededRandom(seed);
  const bytes = () => random.int(256);
  const pixels = Uint8Array.from({ length: width * height * 3 }, bytes);
  if (!alpha) return fromBytes(width, height, pixels);
  const plane = Uint8Array.from({ length: width * height }, (_, i) => (i % 4 === 0 ? 0 : bytes()));
  return fromBytes(width, height, pixels, plane);
}

/** CRC-32 of PNG chunks, bit by bit (`zlib.crc32` is younger than Node 20.9). */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A chunk of a PNG file. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** The start of an 8-bit RGB PNG of any size, without any pixels. */
export function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = 2;
  const end = [chunk('IDAT', Buffer.alloc(0)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), ...end]);
}

/** A PNG as an animated one that announces so many frames. */
export function animatedPng(png: Uint8Array, frames: number): Buffer {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(frames, 0);
  const afterHeader = 8 + 25;
  return Buffer.concat([png.subarray(0, afterHeader), chunk('acTL', control), png.subarray(afterHeader)]);
}

/** A TIFF of one grey pixel in float32. */
export const floatTiff: Buffer = (() => {
  const fields = [
    [256, 1], // width
    [257, 1], // height
    [258, 32], // bits per sample
    [259, 1], // not compressed
    [262, 1], // black is zero
    [273, 8], // offset of the pixel
    [277, 1], // samples per pixel
    [278, 1], // rows per strip
    [279, 4], // bytes of the strip
    [339, 3], // floating point
  ] as const;
  const bytes = Buffer.alloc(12 + 2 + fields.length * 12 + 4);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(12, 4); // where the fields start
  bytes.writeFloatLE(0.5, 8);
  bytes.writeUInt16LE(fields.length, 12);
  for (const [index, [tag, value]] of fields.entries()) {
    const at = 14 + index * 12;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(4, at + 2); // a 32-bit integer, one of them
    bytes.writeUInt32LE(1, at + 4);
    bytes.writeUInt32LE(value, at + 8);
  }
  return bytes;
})();
