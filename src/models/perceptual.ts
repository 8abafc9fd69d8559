/**
 * @file A perceptual distance of two images of any size. Up to `WHOLE` px a side it is the model's own; larger images
 * are compared in tiles, and the distance is the mean over tiles weighed by their area, so that memory does not grow.
 */
import type { Image, Size } from '../image/image.ts';
import { cutWindow, type Window, windowSize, windowsOf } from '../image/windows.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import type { RoleModel } from './open.ts';
import { imageTensor } from './pixels.ts';

export type Perceptual = RoleModel<'perceptual'>;

/** The longest side that is compared in one piece, px. */
const WHOLE = 1024;

/** A tile and its share of the picture's area. */
export interface Tile {
  readonly window: Window;
  readonly share: number;
}

/** Tiles that cover a picture without overlapping, the last of each row and column excepted. */
export function perceptualTiles(size: Size, side = WHOLE): readonly Tile[] {
  const windows = windowsOf(size, { side, overlap: 0, multiple: 1 });
  const areas = windows.map((window) => windowSize(window).width * windowSize(window).height);
  const total = areas.reduce((sum, area) => sum + area, 0);
  return windows.map((window, i) => ({ window, share: areas[i]! / total }));
}

/** A tile of planes [3, height, width] as [1, 3, h, w]. */
export function tileTensor(planes: Float32Array, size: Size, { window }: Tile): TensorOf<'float32'> {
  const { width, height } = windowSize(window);
  return tensor('float32', [1, 3, height, width], cutWindow(planes, size, window));
}

/** The distance of two images of one size. */
export async function perceptualDistance(model: Perceptual, a: Image, b: Image): Promise<number> {
  const [x, y] = [imageTensor(a).data, imageTensor(b).data];
  let distance = 0;
  for (const tile of perceptualTiles(a)) {
    const inputs = { a: tileTensor(x, a, tile), b: tileTensor(y, a, tile) };
    distance += tile.share * (await model.run(inputs)).distance.data[0]!;
  }
  return distance;
}
