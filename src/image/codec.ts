/**
 * @file Pictures in and out: PNG, JPEG, WebP, AVIF and TIFF (and still GIF on the way in), through sharp.
 *
 * What comes in is made plain once, here: EXIF orientation applied, an embedded ICC profile converted to sRGB
 * (perceptual intent), grey, palette and CMYK turned into RGB, opacity kept apart as an 8-bit plane. No step
 * premultiplies, so colours under fully transparent pixels survive a round trip.
 */
import { readFile } from 'node:fs/promises';
import type { Metadata, Sharp } from 'sharp';
import { writeAtomically } from '../files/atomic.ts';
import {
  animatedImage,
  CraquelureError,
  damagedImage,
  emptyImage,
  imageTooLarge,
  notAnImage,
  reasonOf,
  unreadableFile,
  unsupportedDepth,
  unwritableImage,
} from '../messages/index.ts';
import { formatOfPath, pngFrames, type ReadableFormat, sniffFormat } from './formats.ts';
import { withoutStrayBytes } from './jpeg-segments.ts';
import { type EncodedImage, type Image, type ImageFormat, toBytes } from './image.ts';

/** Pictures above this many pixels are refused unless the user allows more: 100 megapixels are 1.2 GB as float32. */
export const DEFAULT_MAX_PIXELS = 100e6;

export interface ReadOptions {
  /** Width times height that is still accepted; looked at in the header, before anything is decoded. */
  readonly maxPixels?: number;
}

export interface DecodeOptions extends ReadOptions {
  /** The file as the user named it, for messages. */
  readonly name: string;
}

/** How to write a picture. What is left out loses as little as the format allows. */
export type EncodeOptions =
  | { readonly format: 'png'; readonly compressionLevel?: number }
  | { readonly format: 'jpeg'; readonly quality?: number; readonly subsampling?: '4:4:4' | '4:2:0' }
  | { readonly format: 'webp' | 'avif'; readonly quality?: number }
  | { readonly format: 'tiff' };

const loadSharp = async () => (await import('sharp')).default;

// Our own guard on the header says how to raise the limit; sharp's would not.
const INPUT = { failOn: 'warning', limitInputPixels: false } as const;

/** Reads a picture from a file. @throws IMAGE naming the file, the trouble and the way out. */
export async function readImage(path: string, options: ReadOptions = {}): Promise<Image> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw unreadableFile(path, error);
  }
  return decodeImage(bytes, { ...options, name: path });
}

/**
 * Decodes a picture. 8-bit sRGB files come out exactly as stored; 16-bit files keep their precision in the
 * float32 pixels, except under an ICC profile, which is applied to their upper 8 bits.
 * @throws IMAGE if the file is empty, of no known format, damaged, animated, or larger than `maxPixels`.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<Image> {
  const { name, maxPixels = DEFAULT_MAX_PIXELS } = options;
  if (bytes.length === 0) throw emptyImage(name);
  const format = sniffFormat(bytes);
  if (format === undefined) throw notAnImage(name);
  const sharp = await loadSharp();
  try {
    const header = await sharp(bytes, INPUT).metadata();
    assertAcceptable(name, format, bytes, header, maxPixels);
    const image = await decodePixels(format === 'jpeg' ? withoutStrayBytes(bytes) : bytes, header);
    return format === 'gif' ? image : { ...image, file: { format, bytes } };
  } catch (error) {
    throw damagedUnlessOurs(name, error);
  }
}

function assertAcceptable(
  name: string,
  format: ReadableFormat,
  bytes: Uint8Array,
  header: Metadata,
  maxPixels: number,
): void {
  const frames = format === 'png' ? pngFrames(bytes) : (header.pages ?? 1);
  if (frames > 1) throw animatedImage(name, frames, format === 'tiff' ? 'pages' : 'frames');
  if (header.width * header.height > maxPixels) throw imageTooLarge(name, header, maxPixels);
  // What white is in floating-point and 32-bit samples, no header says.
  if (header.depth !== 'uchar' && header.depth !== 'ushort') throw unsupportedDepth(name, header.depth);
}

async function decodePixels(bytes: Uint8Array, header: Metadata): Promise<Image> {
  const sharp = await loadSharp();
  const deep = header.depth === 'ushort';
  // For 16-bit input sharp converts a profile of RGB to Display P3 and never on to sRGB, and drops one of grey, so such a
  // file is first rewritten with 8 bits and its own profile.
  const form = NARROW[header.space];
  const input = deep && header.hasProfile && form ? await narrowed(bytes, form) : bytes;
  const wide = deep && !header.hasProfile;
  const { data, info } = await sharp(input, INPUT)
    .autoOrient()
    .toColourspace(wide ? 'rgb16' : 'srgb')
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  return separate(values, info, wide ? 65535 : 255);
}

/** The 8-bit form of a colour space of 16 bits: the profile fits no other. */
const NARROW: Readonly<Record<string, 'srgb' | 'b-w'>> = { rgb16: 'srgb', grey16: 'b-w' };

async function narrowed(bytes: Uint8Array, form: 'srgb' | 'b-w'): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(bytes, { ...INPUT, ignoreIcc: true })
    .keepMetadata()
    .toColourspace(form)
    .png({ compressionLevel: 0 })
    .toBuffer();
}

/** Interleaved RGB or RGBA values in 0..max as an image. */
function separate(
  values: Uint8Array | Uint16Array,
  { width, height, channels }: { width: number; height: number; channels: number },
  max: number,
): Image {
  const pixels = width * height;
  const data = new Float32Array(pixels * 3);
  for (let i = 0, from = 0; i < data.length; i += 3, from += channels) {
    data[i] = values[from]! / max;
    data[i + 1] = values[from + 1]! / max;
    data[i + 2] = values[from + 2]! / max;
  }
  if (channels !== 4) return { width, height, data };
  const alpha = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) alpha[i] = Math.round((values[i * 4 + 3]! * 255) / max);
  return { width, height, data, alpha };
}

const damagedUnlessOurs = (name: string, error: unknown): unknown =>
  error instanceof CraquelureError ? error : damagedImage(name, reasonOf(error), error);

/**
 * The file of a picture: its 8-bit pixels, and its opacity unchanged in every format but JPEG, which has none.
 * The same picture and options always give the same bytes.
 */
export async function encodeImage(image: Image, options: EncodeOptions): Promise<EncodedImage> {
  const sharp = await loadSharp();
  const { width, height } = image;
  const withAlpha = image.alpha !== undefined && options.format !== 'jpeg';
  const pixels = withAlpha ? joined(toBytes(image), image.alpha) : toBytes(image);
  const input = sharp(pixels, { raw: { width, height, channels: withAlpha ? 4 : 3 } });
  return { format: options.format, bytes: await encoder(input, options).toBuffer() };
}

function joined(rgb: Uint8Array, alpha: Uint8Array): Uint8Array {
  const rgba = new Uint8Array(alpha.length * 4);
  for (let i = 0; i < alpha.length; i++) {
    rgba[4 * i] = rgb[3 * i]!;
    rgba[4 * i + 1] = rgb[3 * i + 1]!;
    rgba[4 * i + 2] = rgb[3 * i + 2]!;
    rgba[4 * i + 3] = alpha[i]!;
  }
  return rgba;
}

/*
 * PNG level 2 with adaptive filters, measured on a 512 px painting (256 px in brackets), two cores:
 *   level 0            2.6 ms (1.8)  788 kB (197)
 *   level 2, filtered  29 ms  (9.2)  501 kB (134)
 *   level 6, filtered  30 ms  (9.5)  500 kB (134)
 *   level 9, filtered  67 ms  (15)   493 kB (132)
 * Below 2 the encoder switches to fixed Huffman codes and files are hardly smaller than raw pixels.
 */
function encoder(input: Sharp, options: EncodeOptions): Sharp {
  switch (options.format) {
    case 'png':
      return input.png({ compressionLevel: options.compressionLevel ?? 2, adaptiveFiltering: true });
    case 'jpeg': {
      const { quality = 95, subsampling = '4:4:4' } = options;
      // mozjpeg's own quantisation tables and trellis would be another attack than the JPEG everyone means.
      return input.jpeg({ quality, chromaSubsampling: subsampling, mozjpeg: false, optimiseCoding: false });
    }
    case 'webp':
      // `exact` keeps the colours of fully transparent pixels.
      return input.webp({ ...lossy(options.quality), exact: true });
    case 'avif':
      return input.avif(lossy(options.quality));
    case 'tiff':
      return input.tiff({ compression: 'deflate', predictor: 'horizontal' });
  }
}

const lossy = (quality: number | undefined) => (quality === undefined ? { lossless: true } : { quality });

/**
 * Writes a picture under a temporary name and renames it, so that nobody sees half a file. The format is the
 * path's own unless `options` names one; where the image still carries a file of that format (`image.file`)
 * and no options are given, exactly that file is written.
 * @throws IMAGE if the extension names no format or the file cannot be written, STORE if the disk is full.
 */
export async function writeImage(path: string, image: Image, options?: EncodeOptions): Promise<void> {
  const format: ImageFormat = options?.format ?? formatOfPath(path);
  const asIs = options === undefined && image.file?.format === format;
  const { bytes } = asIs ? image.file! : await encodeImage(image, options ?? { format });
  try {
    await writeAtomically(path, bytes, { makeFolders: false });
  } catch (error) {
    throw error instanceof CraquelureError ? error : unwritableImage(path, error);
  }
}
