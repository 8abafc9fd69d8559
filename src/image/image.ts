/** @file The Image that flows through every stage: RGB float32, and the planes that only travel along. */
import { bytesOf, floatsOf } from './convert.ts';

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
export const toBytes = (image: Image): Uint8Array => bytesOf(image.data, 255);

/** 8-bit RGB pixels as an image in 0..1. */
export const fromBytes = (
  width: number,
  height: number,
  bytes: Uint8Array | Uint8ClampedArray,
  alpha?: Uint8Array,
): Image => ({ width, height, data: floatsOf(bytes, 255), ...(alpha && { alpha }) });

/** The 8-bit pixels of an image as floats in 0..255: what filters that compute in float32 start from. */
export const toGreyLevels = (image: Image): Float32Array => floatsOf(toBytes(image), 1);

/** `image` with pixels given as floats in 0..255, which are rounded and clipped. */
export const fromGreyLevels = (image: Image, levels: Readonly<Float32Array>): Image =>
  fromBytes(image.width, image.height, bytesOf(levels, 1), image.alpha);
