/** @file Guided filter with a colour guide as a graph; see `image/guided.ts` for the equations. */
import type { GuidedOptions } from '../../image/filters/guided.ts';
import type { Value } from '../../onnx/operators.ts';
import type { GraphPicture, GraphScope } from '../../plugin/transformation.ts';
import { alongColumns, alongRows, convolutionMatrix } from './separable.ts';

type Triple = readonly [Value, Value, Value];

/** Filters values [n, 3, h, w] under one guide, whose own statistics are computed once. Not rounded. */
export function guidedGraph(
  scope: GraphScope,
  guide: GraphPicture,
  { radius, eps }: GuidedOptions,
): (value: Value) => Value {
  const { g } = scope;
  const share = new Float32Array(2 * radius + 1).fill(1 / (2 * radius + 1));
  const rows = convolutionMatrix(guide.width, share, 'reflect');
  const columns = convolutionMatrix(guide.height, share, 'reflect');
  const mean = (value: Value): Value => alongColumns(scope, alongRows(scope, value, rows), columns);
  // Covariances do not feel a shift, and float32 is finest around zero.
  const shifted = (value: Value): Value => g.Sub(value, g.scalar(0.5, value));
  const guides = channels(scope, shifted(guide.value));
  const means = guides.map(mean) as unknown as Triple;
  const covariance = (guided: number, value: Value, average: Value): Value =>
    g.Sub(mean(g.Mul(guides[guided]!, value)), g.Mul(means[guided]!, average));
  const inverse = inverseOf(scope, (i, j) => covariance(i, guides[j]!, means[j]!), eps / 255 ** 2);

  return (value) => {
    const centred = shifted(value);
    const average = mean(centred);
    const joint = guides.map((_, i) => covariance(i, centred, average));
    const slopes = inverse.map((row) => dot(scope, row, joint as unknown as Triple));
    const offset = g.Sub(average, dot(scope, slopes as unknown as Triple, means));
    const smooth = slopes.map(mean) as unknown as Triple;
    const fitted = g.Add(dot(scope, smooth, guides), mean(offset));
    return g.Add(fitted, g.scalar(0.5, value));
  };
}

const channels = ({ g }: GraphScope, value: Value): Triple => [
  g.Slice(value, [0], [1], [1]),
  g.Slice(value, [1], [2], [1]),
  g.Slice(value, [2], [3], [1]),
];

const dot = ({ g }: GraphScope, a: Triple, b: Triple): Value =>
  g.Add(g.Add(g.Mul(a[0], b[0]), g.Mul(a[1], b[1])), g.Mul(a[2], b[2]));

/** Rows of the inverse of a symmetric 3 x 3 matrix at each pixel, with `eps` on its diagonal: cofactors over determinant. */
function inverseOf(
  scope: GraphScope,
  entry: (i: number, j: number) => Value,
  eps: number,
): readonly [Triple, Triple, Triple] {
  const { g } = scope;
  const raised = (i: number): Value => {
    const variance = entry(i, i);
    return g.Add(variance, g.scalar(eps, variance));
  };
  const [rr, gg, bb] = [raised(0), raised(1), raised(2)];
  const [rg, rb, gb] = [entry(0, 1), entry(0, 2), entry(1, 2)];
  const minor = (a: Value, b: Value, c: Value, d: Value): Value => g.Sub(g.Mul(a, b), g.Mul(c, d));
  const first: Triple = [minor(gg, bb, gb, gb), minor(gb, rb, rg, bb), minor(rg, gb, gg, rb)];
  const determinant = dot(scope, [rr, rg, rb], first);
  const over = (value: Value): Value => g.Div(value, determinant);
  const [a, b, c] = first.map(over) as unknown as Triple;
  const [d, e, f] = [minor(rr, bb, rb, rb), minor(rg, rb, rr, gb), minor(rr, gg, rg, rg)].map(
    over,
  ) as unknown as Triple;
  return [
    [a, b, c],
    [b, d, e],
    [c, e, f],
  ];
}
