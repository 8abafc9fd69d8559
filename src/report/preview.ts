/**
 * @file Previews for the gallery: a picture made smaller, and the difference of two pictures as a map.
 *
 * A difference map is computed from the full-size pixels of both pictures, never from previews: for each pixel the
 * largest of the three channels' |a - b|, averaged over the pixels that fall into one pixel of the preview. It is
 * stored as sqrt(difference / 255), which keeps half a level of 1/255 apart where differences are small; the page
 * squares it and multiplies by the amplification that the reader chooses.
 */
import type { Image } from '../image/image.ts';
import { visibilityMap } from '../image/visibility.ts';

/** 8-bit RGB pixels, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Makes previews at most `side` pixels on the longer side; never larger than the picture. */
export interface Previewer {
  load(path: string): Promise<Pixels>;
  /** WebP of a picture. */
  picture(pixels: Pixels, side: number): Promise<Uint8Array>;
  /** WebP of the difference map of two pictures of the same size. */
  difference(a: Pixels, b: Pixels, side: number): Promise<Uint8Array>;
  /** WebP of where a picture visibly differs from its reference of the same size, over the reference. */
  visible(pixels: Pixels, reference: Pixels, side: number): Promise<Uint8Array>;
}

/** WebP quality of previews. */
export const PREVIEW_QUALITY = 80;

/** Loads sharp. */
export async function createPreviewer(): Promise<Previewer> {
  const { default: sharp } = await import('sharp');
  const encode = { quality: PREVIEW_QUALITY, effort: 0 }; // effort 4 takes three times as long to save 7 %
  const picture = ({ width, height, data }: Pixels, side: number): Promise<Uint8Array> =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .resize(previewSize(width, height, side))
      .webp(encode)
      .toBuffer();
  return {
    async load(path) {
      const { data, info } = await sharp(path, { limitInputPixels: false })
        .toColourspace('srgb')
        .removeAlpha()
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true });
      const rgb = info.channels === 3 ? data : replicated(data);
      return { width: info.width, height: info.height, data: rgb };
    },
    picture,
    async difference(a, b, side) {
      const map = differenceMap(a, b, side);
      const raw = { width: map.width, height: map.height, channels: 1 as const };
      return sharp(map.data, { raw }).toColourspace('srgb').webp(encode).toBuffer();
    },
    visible(pixels, reference, side) {
      const { width, height, data } = visibilityMap(toImage(pixels), toImage(reference));
      const bytes = Uint8Array.from(data, (value) => Math.round(255 * value));
      return picture({ width, height, data: bytes }, side);
    },
  };
}

/** The size of a preview: the picture's own if it fits into `side`. */
export function previewSize(width: number, height: number, side: number): { width: number; height: number } {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** `[height, width]` of round(255 sqrt(mean difference / 255)), at the size of a preview. */
export function differenceMap(a: Pixels, b: Pixels, side: number): Pixels {
  const { width, height } = previewSize(a.width, a.height, side);
  const sums = new Float64Array(width * height);
  const counts = new Uint32Array(width * height);
  for (let y = 0, i = 0; y < a.height; y++) {
    const row = Math.floor((y * height) / a.height) * width;
    for (let x = 0; x < a.width; x++, i += 3) {
      const cell = row + Math.floor((x * width) / a.width);
      sums[cell]! += Math.max(
        Math.abs(a.data[i]! - b.data[i]!),
        Math.abs(a.data[i + 1]! - b.data[i + 1]!),
        Math.abs(a.data[i + 2]! - b.data[i + 2]!),
      );
      counts[cell]!++;
    }
  }
  const data = Uint8Array.from(sums, (sum, cell) => Math.round(255 * Math.sqrt(sum / counts[cell]! / 255)));
  return { width, height, data };
}

const toImage = ({ width, height, data }: Pixels): Image => ({
  width,
  height,
  data: Float32Array.from(data, (value) => value / 255),
});

const replicated = (grey: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: 3 * grey.length }, (_, i) => grey[Math.floor(i / 3)]!);
