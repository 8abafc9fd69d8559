/** @file Lossy compression by a real encoder: the image after saving and reopening. */
import { decodeImage, type EncodeOptions, encodeImage } from '../../image/codec.ts';
import type { Image } from '../../image/image.ts';

/**
 * The decoded image. It carries the encoded file, unless it has opacity: opacity is kept apart and unchanged (JPEG has none),
 * so the file would not be the whole image.
 */
export async function reencode(image: Image, options: EncodeOptions): Promise<Image> {
  const { width, height, data, alpha } = image;
  const file = await encodeImage({ width, height, data }, options);
  const decoded = await decodeImage(file.bytes, {
    name: options.format,
    maxPixels: Number.POSITIVE_INFINITY,
  });
  return alpha === undefined ? decoded : { width, height, data: decoded.data, alpha };
}
