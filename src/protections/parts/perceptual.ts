/**
 * @file The perceptual budget: LPIPS(x, x + d) <= p, with an LPIPS network in the role `perceptual`.
 *
 * While descending it is the published penalty, max(LPIPS - p, 0) (Shan et al. 2023, Glaze, section 5.1), which alone does
 * not enforce it. Before saving, the change is scaled down along a line until the 8-bit image keeps the budget.
 */
import { gradientGraph, gradientName } from '../../autodiff/gradient.ts';
import { fromBytes, type Image, type Size, toBytes } from '../../image/image.ts';
import { addWindow } from '../../image/windows.ts';
import { notFiniteGradient } from '../../messages/index.ts';
import { type Perceptual, perceptualDistance, perceptualTiles, tileTensor } from '../../models/perceptual.ts';
import { imageTensor } from '../../models/pixels.ts';
import { builtModel, graphBuilder } from '../../onnx/builder.ts';
import { compose } from '../../onnx/transforms/compose.ts';
import { declaredType } from '../../onnx/infer.ts';
import { type Model, opsetOf } from '../../onnx/model.ts';
import type { Objective } from '../../optim/descend.ts';
import { allFinite } from './surrogate.ts';

/** max(distance from `clean` - p, 0), with its gradient by the planes [3, height, width]. */
export async function perceptualHinge(
  model: Perceptual,
  clean: Image,
  p: number,
  side: number,
): Promise<Objective> {
  const session = await model.derive('gradient of the distance', distanceGradient);
  const size: Size = clean;
  const planes = imageTensor(clean).data;
  const tiles = perceptualTiles(size, side);
  const gradient = new Float32Array(planes.length);
  return async (x, step) => {
    gradient.fill(0);
    let distance = 0;
    for (const tile of tiles) {
      const results = await session.run({
        [CLEAN]: tileTensor(planes, size, tile),
        [MOVED]: tileTensor(x, size, tile),
      });
      const slope = results[gradientName(MOVED)]!.data as Float32Array;
      const value = results[DISTANCE]!.data[0] as number;
      if (!Number.isFinite(value) || !allFinite(slope)) throw notFiniteGradient(model.model.id, step);
      distance += tile.share * value;
      addWindow(gradient, size, tile.window, slope, tile.share);
    }
    if (distance <= p) gradient.fill(0);
    return { loss: Math.max(distance - p, 0), gradient };
  };
}

const CLEAN = 'a';
const MOVED = 'b';
const DISTANCE = 'distance';
const TOTAL = 'total distance';

/** The distance with its gradient by the second image. */
function distanceGradient(perceptual: Model): Model {
  const distance = perceptual.graph.outputs.find(({ name }) => name === DISTANCE)!;
  const g = graphBuilder({ opset: opsetOf(perceptual), taken: [DISTANCE] });
  g.declare(DISTANCE, declaredType(distance));
  const sum = g.ReduceSum(DISTANCE, [], { keepdims: false });
  g.append({ name: TOTAL, opType: 'Identity', domain: '', inputs: [sum], outputs: [TOTAL], attributes: {} });
  const summed = compose(perceptual, builtModel(g, [distance], [TOTAL]));
  return gradientGraph(summed, { loss: TOTAL, wrt: [MOVED], outputs: [DISTANCE] });
}

/** Halvings of the line search: the share of the change is found to 1/1024. */
const HALVINGS = 10;

/**
 * The 8-bit image on the line from `clean` to `moved` that is furthest along and within the distance p of `clean`. It is
 * `clean` itself if no other 8-bit image on the line keeps the budget.
 */
export async function withinPerceptual(
  model: Perceptual,
  clean: Image,
  moved: Image,
  p: number,
): Promise<Image> {
  const from = toBytes(clean);
  const to = toBytes(moved);
  const along = (share: number): Image => {
    const pixels = from.map((value, i) => Math.round(value + share * (to[i]! - value)));
    return fromBytes(clean.width, clean.height, pixels, clean.alpha);
  };
  const keeps = async (image: Image): Promise<boolean> =>
    (await perceptualDistance(model, clean, image)) <= p;
  if (await keeps(along(1))) return along(1);
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (await keeps(along(middle))) low = middle;
    else high = middle;
  }
  return along(low);
}
