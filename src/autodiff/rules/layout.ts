/** @file Rules of operators that move, repeat or pick elements: their adjoints move them back and add. */
import { unsupportedGradient } from '../../messages/index.ts';
import { intOf, intsOf, textOf } from '../../onnx/attributes.ts';
import type { Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { linear, type Rule, rule } from '../rule.ts';
import type { Gradient, Tape } from '../tape.ts';

/** Scattering that adds came with operator set 16. */
const ADDS = { since: 16 } as const;

const unsupported = (node: Node, why: string): Error => unsupportedGradient(node.opType, node.name, why);

/** A negative axis counts from the end. */
const axisOf = (node: Node, g: Tape, x: Value, absent: number): number => {
  const axis = intOf(node, 'axis', absent);
  return axis < 0 ? axis + g.shape(x).length : axis;
};

/** `ct` in the shape of the input: the adjoint of everything that only regroups elements. */
const reshaped: Rule = linear((ct, { inputs: [x = ''] }, g) => g.Reshape(ct, g.shapeOf(x)));

const transpose = linear((ct, node, g) => {
  const perm = intsOf(node, 'perm') ?? g.shape(node.inputs[0]!).map((_, i, all) => all.length - 1 - i);
  return g.Transpose(
    ct,
    perm.map((_, i) => perm.indexOf(i)),
  );
});

const concat = rule((ct, node, g) => {
  const axis = axisOf(node, g, node.inputs[0]!, 0);
  let start: number | Value = 0;
  return node.inputs.map((x): Gradient => {
    const begin: number | Value = start;
    const size = g.shape(x)[axis]!;
    const end: number | Value =
      typeof begin === 'number' && typeof size === 'number'
        ? begin + size
        : g.Add(g.vector([begin]), g.sizeOf(x, axis));
    start = end;
    return () => g.Slice(ct, g.vector([begin]), g.vector([end]), [axis]);
  });
});

const split: Rule = {
  manyOutputs: true,
  vjp: (cts, node, g) => {
    const axis = axisOf(node, g, node.inputs[0]!, 0);
    const parts = node.outputs.map((y, i) => cts[i] ?? g.full(y, 0));
    return [parts.length === 1 ? parts[0]! : g.Concat(parts, axis)];
  },
};

/** One axis of a slice, as far as its numbers are known. */
interface Span {
  readonly axis: number;
  /** Where the slice begins, from the front; undefined if that is known only when the graph runs. */
  readonly start: number | undefined;
  readonly step: number;
}

/**
 * Slice: the cotangent, flipped where the step is negative and spread out where it is not 1, lies at its place among
 * zeros. Where a start is not known, the places are found by slicing a Range in the same way.
 */
const slice = linear((ct, node, g) => {
  const [x = '', starts = '', , axes, steps] = node.inputs;
  const rank = g.shape(x).length;
  const count = g.shape(starts)[0];
  const knownAxes =
    g.known(axes) ?? (axes ? undefined : typeof count === 'number' ? [...Array(count).keys()] : undefined);
  const knownSteps = g.known(steps) ?? (steps ? undefined : knownAxes?.map(() => 1));
  if (knownAxes === undefined || knownSteps === undefined) {
    throw unsupported(node, 'its axes or steps are not constant');
  }
  const begins = g.known(starts);
  const spans = knownAxes.map((axis, i): Span => {
    const normal = axis < 0 ? axis + rank : axis;
    const size = g.shape(x)[normal]!;
    return { axis: normal, start: startOf(begins?.[i], size), step: knownSteps[i]! };
  });
  return spans.every(({ start, step }) => start !== undefined && step > 0)
    ? placed(g, ct, x, spans)
    : scattered(g, ct, node, spans);
});

/** The first index of a slice, clamped; undefined if it depends on an unknown size. */
const startOf = (start: number | undefined, size: number | string): number | undefined => {
  if (start === undefined) return undefined;
  if (typeof size === 'number') return Math.min(Math.max(start < 0 ? start + size : start, 0), size);
  return start === 0 ? 0 : undefined;
};

/** `ct` spread out by the steps and padded with zeros to the shape of `x`. */
function placed(g: Tape, ct: Value, x: Value, spans: readonly Span[]): Value {
  const spread = spans
    .filter(({ step }) => step > 1)
    .reduce((v, { axis, step }) => interleaved(g, v, axis, step), ct);
  const rank = g.shape(x).length;
  const begins = Array.from(
    { length: rank },
    (_, axis) => spans.find((span) => span.axis === axis)?.start ?? 0,
  );
  const ends = g.Sub(g.Sub(g.shapeOf(x), g.shapeOf(spread)), g.ints(begins));
  return g.Pad(spread, g.vector([...begins, ends]));
}

/** Each element along `axis` followed by `step - 1` zeros. */
function interleaved(g: Tape, x: Value, axis: number, step: number): Value {
  const rank = g.shape(x).length;
  const apart = g.Unsqueeze(x, [axis + 1]);
  const pads = Array<number>(2 * (rank + 1)).fill(0);
  pads[rank + 1 + axis + 1] = step - 1;
  const sizes = g
    .shape(x)
    .map((_, i) => (i === axis ? g.Mul(g.sizeOf(x, i), g.ints([step])) : g.sizeOf(x, i)));
  return g.Reshape(g.Pad(apart, pads), g.vector(sizes));
}

/** The same by scattering along one axis after the other, for steps and starts of any kind. */
function scattered(g: Tape, ct: Value, node: Node, spans: readonly Span[]): Value {
  const [x = '', starts = '', ends = '', , steps] = node.inputs;
  return spans.reduce((value, { axis }, i) => {
    const range = g.Range(
      g.constant('int64', [], [0]),
      scalarOf(g, g.sizeOf(x, axis)),
      g.constant('int64', [], [1]),
    );
    const pick = (list: Value): Value => g.Slice(list, [i], [i + 1], [0]);
    const places = g.Slice(range, pick(starts), pick(ends), [0], steps ? pick(steps) : [1]);
    const sizes = g.shape(value).map((_, a) => (a === axis ? g.sizeOf(x, a) : g.sizeOf(value, a)));
    const zeros = g.Expand(g.scalar(0, ct), g.vector(sizes));
    return g.ScatterElements(zeros, alongAxis(g, places, value, axis), value, axis);
  }, ct);
}

const scalarOf = (g: Tape, vector: Value): Value => g.Squeeze(vector, [0]);

/** A vector of indices repeated to the shape of `like`, along whose `axis` it lies. */
function alongAxis(g: Tape, indices: Value, like: Value, axis: number): Value {
  const others = g.shape(like).flatMap((_, i) => (i === axis ? [] : [i]));
  return g.Expand(others.length === 0 ? indices : g.Unsqueeze(indices, others), g.shapeOf(like));
}

/** Gather: rows of `ct` are added up where they were taken from. */
const gather = linear((ct, node, g) => {
  const [x = '', indices = ''] = node.inputs;
  const rank = g.shape(x).length;
  const axis = axisOf(node, g, x, 0);
  const indexRank = g.shape(indices).length;
  const [index] = g.known(indices) ?? [];
  if (indexRank === 0 && index !== undefined && index >= 0) {
    return placed(g, g.Unsqueeze(ct, [axis]), x, [{ axis, start: index, step: 1 }]);
  }
  // Bring the indexed axes to the front, add rows, and bring the axis back.
  const behind = [...Array(axis).keys()];
  const indexed = Array.from({ length: indexRank }, (_, i) => axis + i);
  const rest = Array.from({ length: rank - axis - 1 }, (_, i) => axis + indexRank + i);
  const front = axis === 0 ? ct : g.Transpose(ct, [...indexed, ...behind, ...rest]);
  const sizes = [axis, ...behind, ...rest.map((a) => a - indexRank + 1)].map((a) => g.sizeOf(x, a));
  const zeros = g.Expand(g.scalar(0, ct), g.vector(sizes));
  const rows = g.ScatterND(zeros, g.Unsqueeze(indices, [indexRank]), front, 'add');
  const back = [...behind.map((a) => a + 1), 0, ...rest.map((a) => a - indexRank + 1)];
  return axis === 0 ? rows : g.Transpose(rows, back);
}, ADDS);

const gatherElements = linear((ct, node, g) => {
  const [x = '', indices = ''] = node.inputs;
  return g.ScatterElements(g.full(x, 0), indices, ct, axisOf(node, g, x, 0), 'add');
}, ADDS);

const gatherND = linear((ct, node, g) => {
  const [x = '', indices = ''] = node.inputs;
  const batch = intOf(node, 'batch_dims', 0);
  return g.ScatterND(g.full(x, 0), withBatchIndices(g, indices, batch), ct, 'add');
}, ADDS);

/** Indices that name the batch axes as well, which `batch_dims` leaves out. */
function withBatchIndices(g: Tape, indices: Value, batch: number): Value {
  if (batch === 0) return indices;
  const rank = g.shape(indices).length;
  const sizes = g.vector([...Array.from({ length: rank - 1 }, (_, i) => g.sizeOf(indices, i)), 1]);
  const coordinates = Array.from({ length: batch }, (_, axis) => {
    const range = g.Range(
      g.constant('int64', [], [0]),
      scalarOf(g, g.sizeOf(indices, axis)),
      g.constant('int64', [], [1]),
    );
    const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
    return g.Expand(g.Unsqueeze(range, others), sizes);
  });
  return g.Concat([...coordinates, indices], rank - 1);
}

/** ScatterND and ScatterElements: what was overwritten has no influence; added updates leave the data's alone. */
const scatter = (
  write: (g: Tape, into: Value, node: Node, zeros: Value) => Value,
  read: (g: Tape, ct: Value, node: Node) => Value,
): Rule =>
  rule((ct, node, g) => {
    const reduction = textOf(node, 'reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add')
      throw unsupported(node, `its reduction is '${reduction}'`);
    const updates = node.inputs[2]!;
    return [
      () => (reduction === 'add' ? ct : write(g, ct, node, g.full(updates, 0))),
      undefined,
      () => read(g, ct, node),
    ];
  });

const scatterElements = scatter(
  (g, into, node, zeros) => g.ScatterElements(into, node.inputs[1]!, zeros, intOf(node, 'axis', 0)),
  (g, ct, node) => g.GatherElements(ct, node.inputs[1]!, intOf(node, 'axis', 0)),
);

const scatterND = scatter(
  (g, into, node, zeros) => g.ScatterND(into, node.inputs[1]!, zeros),
  (g, ct, node) => g.GatherND(ct, node.inputs[1]!),
);

/** Tile: each axis is split into [repeats, size] and the repeats are summed. */
const tile = linear((ct, node, g) => {
  const [x = '', repeats = ''] = node.inputs;
  const rank = g.shape(x).length;
  const counts = g.known(repeats);
  const parts = Array.from({ length: rank }, (_, axis) => [
    counts?.[axis] ?? g.Slice(repeats, [axis], [axis + 1], [0]),
    g.sizeOf(x, axis),
  ]).flat();
  return g.ReduceSum(
    g.Reshape(ct, g.vector(parts)),
    Array.from({ length: rank }, (_, axis) => 2 * axis),
    { keepdims: false },
  );
});

const depthToSpace = linear((ct, node, g) => {
  const size = intOf(node, 'blocksize', 1);
  if (textOf(node, 'mode', 'DCR') === 'DCR') return g.SpaceToDepth(ct, size);
  const [x = ''] = node.inputs;
  const [n, h, w] = [0, 2, 3].map((axis) => g.sizeOf(x, axis));
  const blocks = g.Reshape(ct, g.vector([n!, -1, h!, size, w!, size]));
  return g.Reshape(g.Transpose(blocks, [0, 1, 3, 5, 2, 4]), g.shapeOf(x));
});

const trilu = linear((ct, node, g) => g.emit('Trilu', [ct, node.inputs[1] ?? ''], node.attributes)[0]!);

/** TopK: to the elements that were picked. */
const topK = linear((ct, node, g) => {
  const [x = ''] = node.inputs;
  const indices = node.outputs[1] === undefined || node.outputs[1] === '' ? undefined : node.outputs[1];
  const picked = indices ?? g.emit('TopK', node.inputs, node.attributes, { outputs: 2 })[1]!;
  return g.ScatterElements(g.full(x, 0), picked, ct, axisOf(node, g, x, -1));
});

export const LAYOUT = {
  Concat: concat,
  DepthToSpace: depthToSpace,
  Expand: { ...linear((ct) => ct), broadcasts: true },
  Flatten: reshaped,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Reshape: reshaped,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  Slice: slice,
  SpaceToDepth: linear((ct, node, g) => g.DepthToSpace(ct, intOf(node, 'blocksize', 1), 'DCR')),
  Split: split,
  Squeeze: reshaped,
  Tile: tile,
  TopK: topK,
  Transpose: transpose,
  Trilu: trilu,
  Unsqueeze: reshaped,
} as const satisfies Record<string, Rule>;
