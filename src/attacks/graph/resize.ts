/** @file Pillow's resize as two matrices, rounded and clipped after each, as `resizeBytes` does. */
import type { Size } from '../../image/image.ts';
import { type ResampleKernel, resampleWeights } from '../../image/resample.ts';
import { type GraphPicture, type GraphScope, rounded } from '../../plugin/transformation.ts';
import { alongColumns, alongRows, type Matrix, matrix } from './separable.ts';

/** The part of an image to resize (default: all of it). */
interface Region extends Size {
  readonly left: number;
  readonly top: number;
}

/** The image, or a part of it, resized. */
export function resized(
  scope: GraphScope,
  picture: GraphPicture,
  to: Size,
  kernel: ResampleKernel,
  { left, top, width, height }: Region = { left: 0, top: 0, ...picture },
): GraphPicture {
  const { g } = scope;
  const columns = resizeMatrix(picture.width, { from: left, length: width }, to.width, kernel);
  const rows = resizeMatrix(picture.height, { from: top, length: height }, to.height, kernel);
  const wide = rounded(g, alongRows(scope, picture.value, columns), 'up');
  const value = rounded(g, alongColumns(scope, wide, rows), 'up');
  return { value, width: to.width, height: to.height };
}

/** [out, n]: positions `from`.. of a line of n values, resized. */
function resizeMatrix(
  n: number,
  { from, length }: { from: number; length: number },
  out: number,
  kernel: ResampleKernel,
): Matrix {
  const weightsOf = resampleWeights(length, out, kernel);
  return matrix(out, n, (row, i) => {
    const { start, weights } = weightsOf(i);
    row.set(weights, from + start);
  });
}
