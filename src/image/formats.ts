/** @file Which formats there are: by a file's extension, by its first bytes, and whether a PNG is animated. */
import { extname } from 'node:path';
import { unknownExtension } from '../messages/index.ts';
import type { ImageFormat } from './image.ts';

/** What can be read. A GIF of one frame is welcome, but nothing is written as GIF. */
export type ReadableFormat = ImageFormat | 'gif';

const FORMAT_BY_EXTENSION: ReadonlyMap<string, ReadableFormat> = new Map([
  ['png', 'png'],
  ['jpg', 'jpeg'],
  ['jpeg', 'jpeg'],
  ['webp', 'webp'],
  ['avif', 'avif'],
  ['tif', 'tiff'],
  ['tiff', 'tiff'],
  ['gif', 'gif'],
]);

const formatNamed = (path: string): ReadableFormat | undefined =>
  FORMAT_BY_EXTENSION.get(extname(path).slice(1).toLowerCase());

/** True if a file's extension says that `decodeImage` may be able to read it. */
export const isImageFile = (path: string): boolean => formatNamed(path) !== undefined;

/** The extension that a file of this format gets, without the dot. */
export function extensionOf(format: ImageFormat): string {
  return format === 'jpeg' ? 'jpg' : format === 'tiff' ? 'tif' : format;
}

/** The format to write a path in. @throws IMAGE if its extension names none that is written. */
export function formatOfPath(path: string): ImageFormat {
  const format = formatNamed(path);
  if (format === undefined || format === 'gif') throw unknownExtension(path);
  return format;
}

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

/** The format that a file's first bytes announce; its name is not asked, since names are often wrong. */
export function sniffFormat(bytes: Uint8Array): ReadableFormat | undefined {
  const head = ascii(bytes, 0, 4);
  if (head === '\x89PNG') return 'png';
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (head === 'GIF8') return 'gif';
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(head)) return 'tiff'; // + is BigTIFF
  if (ascii(bytes, 4, 8) === 'ftyp' && /avi[fs]/.test(ascii(bytes, 8, 64))) return 'avif'; // HEIC says heic
  return undefined;
}

/**
 * The number of frames of a PNG: above 1 only in an animated one, whose `acTL` chunk libpng does not look at.
 * Source: PNG specification, third edition, 11.3.4.1.
 */
export function pngFrames(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const chunk = ascii(bytes, at + 4, at + 8);
    if (chunk === 'acTL') return view.getUint32(at + 8);
    if (chunk === 'IDAT') return 1;
  }
  return 1;
}
