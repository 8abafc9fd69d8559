/**
 * @file The atelier: a painting from a recipe. Twelve invented painters, twelve motifs and a seed give any number of
 * pictures that need no file, no network and no licence.
 */
import type { Image } from '../image/image.ts';
import { seededRandom } from '../random.ts';
import { viewOf } from './motifs/define.ts';
import { MOTIFS, type MotifId } from './motifs/index.ts';
import { PAINTERS, type PainterId } from './painters/index.ts';

/** Raised whenever any recipe gives other pixels: hashes of generated pictures depend on it. */
export const ATELIER_VERSION = 1;

/** All that a picture depends on. Plain JSON. */
export interface Recipe {
  readonly painter: PainterId;
  readonly motif: MotifId;
  /** Side of the square picture in pixels, 128 to 512; the composition does not depend on it. */
  readonly size: number;
  /** 32-bit. Painters given the same motif and seed stand before the same view. */
  readonly seed: number;
}

/** Paints a recipe: RGB in 0..1, the same pixels on every run. About 0.3 s at 256 px. */
export function paint({ painter, motif, size, seed }: Recipe): Image {
  const random = seededRandom(seed);
  const scene = viewOf(MOTIFS[motif], size, random.fork(`view/${motif}`));
  const canvas = PAINTERS[painter].paint(scene, random.fork(`hand/${painter}`));
  return { width: size, height: size, data: canvas.rgb };
}
