/** @file The Image that flows through every stage: RGB float32, and the planes that only travel along. */

/** Formats that the program reads and writes. */
export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'avif' | 'tiff';

/** An encoded picture: the bytes of a file and their format. */
export interface EncodedImage {
  readonly format: ImageFormat;
  readonly bytes: Uint8Array;
}

/** The sides of a picture in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The layout of interleaved pixels, row by row. */
export interface Shape extends Size {
  readonly channels: number;
}

/** A picture in sRGB. Plug-ins never write into the arrays of an image they were given. */
export interface Image extends Size {
  /** RGB, row by row, interleaved (HWC), `width * height * 3` values in 0..1 (1 is white). */
  readonly data: Float32Array;
  /** Opacity, `width * height` values in 0..255; travels unchanged past protections and attacks. */
  readonly alpha?: Uint8Array;
  /** Where the pixels are exactly what a decoder made of some file: that file. Any change of pixels drops it. */
  readonly file?: EncodedImage;
}

/** `image` with other pixels of the same size: alpha is kept, the file of origin is not. */
export function withPixels(image: Image, data: Float32Array): Image {
  const { width, height, alpha } = image;
  return { width, height, data, ...(alpha && { alpha }) };
}

/** The 8-bit pixels of an image: `round(255 v)`, clipped; what a saved file holds. */
export function toBytes(image: Image): Uint8Array {
  const bytes = new Uint8ClampedArray(image.data.length); // clips and rounds on assignment
  for (let i = 0; i < bytes.length; i++) bytes[i] = image.data[i]! * 255;
  return new Uint8Array(bytes.buffer);
}

/** 8-bit RGB pixels as an image in 0..1. */
export function fromBytes(
  width: number,
  height: number,
  bytes: Uint8Array | Uint8ClampedArray,
  alpha?: Uint8Array,
): Image {
  const data = new Float32Array(bytes.length);
  for (let i = 0; i < data.length; i++) data[i] = bytes[i]! / 255;
  return { width, height, data, ...(alpha && { alpha }) };
}

/** The 8-bit pixels of an image as floats in 0..255: what filters that compute in float32 start from. */
export function toGreyLevels(image: Image): Float32Array {
  const bytes = toBytes(image);
  const levels = new Float32Array(bytes.length);
  for (let i = 0; i < levels.length; i++) levels[i] = bytes[i]!;
  return levels;
}

/** `image` with pixels given as floats in 0..255, which are rounded and clipped. */
export function fromGreyLevels(image: Image, levels: Readonly<Float32Array>): Image {
  const bytes = new Uint8ClampedArray(levels.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = levels[i]!;
  return fromBytes(image.width, image.height, bytes, image.alpha);
}
