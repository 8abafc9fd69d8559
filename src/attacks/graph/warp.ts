/** @file Warping by a map of coordinates as a graph: sixteen weighted pixels for each pixel. */
import { TAPS, type PointAt, taps } from '../../image/warp.ts';
import { type GraphPicture, type GraphScope, rounded } from '../../plugin/transformation.ts';

/** The output of `warp` for the same size, rounded to 8 bits. The graph holds about 200 bytes for each pixel. */
export function warpGraph({ g }: GraphScope, picture: GraphPicture, from: PointAt): GraphPicture {
  const { value, width, height } = picture;
  const area = width * height;
  const indices = new Int32Array(TAPS * area);
  const weights = new Float32Array(TAPS * area);
  const tapsAt = taps(picture, from);
  for (let at = 0; at < area; at++) {
    const { index, weight } = tapsAt(at % width, Math.floor(at / width));
    for (let k = 0; k < TAPS; k++) {
      indices[k * area + at] = index[k]!;
      weights[k * area + at] = weight[k]!;
    }
  }
  const gathered = g.Gather(g.Reshape(value, [0, 3, area]), g.ints([...indices]), 2);
  const weighed = g.Mul(
    g.Reshape(gathered, [0, 3, TAPS, area]),
    g.constant('float32', [TAPS, area], weights),
  );
  const sums = g.ReduceSum(weighed, [2], { keepdims: false });
  return { ...picture, value: rounded(g, g.Reshape(sums, [0, 3, height, width])) };
}
