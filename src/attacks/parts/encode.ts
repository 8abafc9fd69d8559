/** @file Attack by a real encoder: what a picture is after it was saved in a lossy format and opened again. */
import { decodeImage, type EncodeOptions, encodeImage } from '../../image/codec.ts';
import type { Image } from '../../image/image.ts';

/**
 * The image as the decoder gives it back. It carries the encoded file, unless there is opacity: that stays apart
 * and unchanged (JPEG has none), so the file would not be the whole image.
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
