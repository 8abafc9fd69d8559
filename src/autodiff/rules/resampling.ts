/**
 * @file Rules of Pad and Resize: linear maps along each axis on its own.
 *
 * Along one axis such an operator is a matrix A [out, in], and A is what the operator makes of the identity matrix.
 * So the adjoint of any mode, with any sizes, is a product with a matrix that the operator itself provides.
 */
import { unsupportedGradient } from '../../messages/index.ts';
import { intsOf, textOf } from '../../onnx/attributes.ts';
import type { Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { linear, type Rule } from '../rule.ts';
import type { Tape } from '../tape.ts';

const scalarInt = (g: Tape, value: number): Value => g.constant('int64', [], [value]);

/** The identity matrix of the size of one axis of `x`, in its element type: [size, size]. */
function identity(g: Tape, x: Value, axis: number): Value {
  const range = g.Range(scalarInt(g, 0), g.Squeeze(g.sizeOf(x, axis), [0]), scalarInt(g, 1));
  return g.mask(g.Equal(g.Unsqueeze(range, [1]), g.Unsqueeze(range, [0])), x);
}

/** `ct` with its `axis` multiplied by the transpose of `matrix` [out, in]. */
function contracted(g: Tape, ct: Value, matrix: Value, axis: number): Value {
  const rank = g.shape(ct).length;
  if (axis === rank - 1) return g.MatMul(ct, matrix);
  if (axis === rank - 2) return g.MatMul(g.Transpose(matrix, [1, 0]), ct);
  const perm = [...Array(rank).keys()];
  [perm[axis], perm[rank - 1]] = [rank - 1, axis];
  return g.Transpose(g.MatMul(g.Transpose(ct, perm), matrix), perm);
}

// ---- Resize ----------------------------------------------------------------------------------------------

const resize = linear((ct, node, g) => {
  const [x = '', , scales = '', sizes = ''] = node.inputs;
  const rank = g.shape(x).length;
  if (textOf(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') {
    throw unsupportedGradient(node.opType, node.name, 'it crops');
  }
  const axes = intsOf(node, 'axes')?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? [
    ...Array(rank).keys(),
  ];
  const factors = g.known(scales);
  const resized = axes.filter((axis, i) => factors?.[i] !== 1 && g.shape(x)[axis] !== g.shape(ct)[axis]);
  const whole = wholeFactors(
    g,
    ct,
    node,
    resized.map((axis) => axes.indexOf(axis)),
    axes,
  );
  if (whole !== undefined) return summedBlocks(g, ct, x, resized, whole);
  return resized.reduce((value, axis) => {
    const i = axes.indexOf(axis);
    return contracted(g, value, resizeMatrix(g, node, x, axis, { i, scales, sizes, ct }), axis);
  }, ct);
});

/**
 * Nearest neighbours at whole factors, where each element is repeated: the factors; undefined for anything else.
 * `floor(i / s)` of the asymmetric mode and rounding of `(i + 1 / 2) / s - 1 / 2` are both plain repetition.
 */
function wholeFactors(
  g: Tape,
  ct: Value,
  node: Node,
  positions: readonly number[],
  axes: readonly number[],
): readonly number[] | undefined {
  if (textOf(node, 'mode', 'nearest') !== 'nearest') return undefined;
  const coordinates = textOf(node, 'coordinate_transformation_mode', 'half_pixel');
  const rounding = textOf(node, 'nearest_mode', 'round_prefer_floor');
  const repeats =
    (coordinates === 'asymmetric' && rounding === 'floor') ||
    (coordinates.startsWith('half_pixel') && rounding.startsWith('round'));
  if (!repeats) return undefined;
  const scales = g.known(node.inputs[2]);
  const factors = positions.map((i) => {
    const [from, to] = [g.shape(node.inputs[0]!)[axes[i]!]!, g.shape(ct)[axes[i]!]!];
    return scales?.[i] ?? (typeof from === 'number' && typeof to === 'number' ? to / from : 0);
  });
  return factors.every((factor) => Number.isInteger(factor) && factor >= 1) ? factors : undefined;
}

/** Each axis split into [size, factor] and the copies summed. */
function summedBlocks(
  g: Tape,
  ct: Value,
  x: Value,
  axes: readonly number[],
  factors: readonly number[],
): Value {
  const parts: (number | Value)[] = [];
  const summed: number[] = [];
  g.shape(x).forEach((_, axis) => {
    parts.push(g.sizeOf(x, axis));
    const i = axes.indexOf(axis);
    if (i >= 0) summed.push(parts.push(factors[i]!) - 1);
  });
  return g.ReduceSum(g.Reshape(ct, g.vector(parts)), summed, { keepdims: false });
}

/** [out, in]: the identity, resized along its rows in the same mode. */
function resizeMatrix(
  g: Tape,
  node: Node,
  x: Value,
  axis: number,
  { i, scales, sizes, ct }: { i: number; scales: Value; sizes: Value; ct: Value },
): Value {
  const image = g.Unsqueeze(identity(g, x, axis), [0, 1]);
  const { axes: _, keep_aspect_ratio_policy: __, ...attributes } = node.attributes;
  const one = g.constant('float32', [1], [1]);
  const factor = (): Value => g.Concat([one, one, g.Slice(scales, [i], [i + 1], [0]), one], 0);
  const size = (): Value => g.vector([1, 1, g.sizeOf(ct, axis), g.sizeOf(x, axis)]);
  const inputs = sizes === '' ? [image, '', factor()] : [image, '', '', size()];
  const rows = g.emit('Resize', inputs, attributes)[0]!;
  return g.Reshape(rows, g.vector([g.sizeOf(ct, axis), g.sizeOf(x, axis)]));
}

// ---- Pad -------------------------------------------------------------------------------------------------

const pad = linear((ct, node, g) => {
  const [x = '', pads = ''] = node.inputs;
  const mode = textOf(node, 'mode', 'constant');
  const rank = g.shape(x).length;
  const named = node.inputs[3] ?? '';
  const axes = g.known(named)?.map((axis) => (axis < 0 ? axis + rank : axis));
  if (named !== '' && axes === undefined) {
    throw unsupportedGradient(node.opType, node.name, 'its axes are not constant');
  }
  if (mode === 'constant') {
    const known = g.known(pads);
    if (axes === undefined) return g.Pad(ct, known?.map((p) => -p) ?? g.emit('Neg', [pads])[0]!);
    return g.emit('Pad', [ct, known ? g.ints(known.map((p) => -p)) : g.emit('Neg', [pads])[0]!, '', named], {
      mode: node.attributes.mode ?? { kind: 'string', value: 'constant' },
    })[0]!;
  }
  const list = axes ?? [...Array(rank).keys()];
  const amounts = g.known(pads);
  return list.reduce((value, axis, i) => {
    const [begin, end] = [amounts?.[i], amounts?.[i + list.length]];
    if (begin === 0 && end === 0) return value;
    if (g.shape(x)[axis] === g.shape(ct)[axis]) return value;
    if (begin !== undefined && end !== undefined && begin >= 0 && end >= 0 && mode !== 'wrap') {
      return folded(g, value, x, axis, { begin, end, reflect: mode === 'reflect' });
    }
    return contracted(g, value, padMatrix(g, node, x, axis, pads, i, list.length), axis);
  }, ct);
});

/** The margins, turned around (reflect) or summed (edge), added to where they were copied from. */
function folded(
  g: Tape,
  ct: Value,
  x: Value,
  axis: number,
  { begin, end, reflect }: { begin: number; end: number; reflect: boolean },
): Value {
  const length = g.sizeOf(x, axis);
  const cut = (from: number | Value, to: number | Value): Value =>
    g.Slice(ct, g.vector([from]), g.vector([to]), [axis]);
  const right = g.Add(length, g.ints([begin]));
  const centre = cut(begin, right);
  const place = (margin: Value, before: number | Value, after: number | Value): Value => {
    const still = Array<number>(g.shape(x).length).fill(0);
    const from = [...still.slice(0, axis), before, ...still.slice(axis + 1)];
    const to = [...still.slice(0, axis), after, ...still.slice(axis + 1)];
    return g.Pad(margin, g.vector([...from, ...to]));
  };
  const ready = (margin: Value): Value =>
    reflect ? g.Slice(margin, [-1], [-(2 ** 31)], [axis], [-1]) : g.ReduceSum(margin, [axis]);
  const gap = (size: number): Value => g.Sub(length, g.ints([size]));
  const parts = [centre];
  if (begin > 0) {
    const margin = ready(cut(0, begin));
    parts.push(reflect ? place(margin, 1, gap(begin + 1)) : place(margin, 0, gap(1)));
  }
  if (end > 0) {
    const margin = ready(cut(right, 2 ** 31));
    parts.push(reflect ? place(margin, gap(end + 1), 1) : place(margin, gap(1), 0));
  }
  return parts.reduce((a, b) => g.Add(a, b));
}

/** [out, in]: the identity, padded along its rows in the same mode. */
function padMatrix(
  g: Tape,
  node: Node,
  x: Value,
  axis: number,
  pads: Value,
  i: number,
  count: number,
): Value {
  const amount = (at: number): Value => g.Slice(pads, [at], [at + 1], [0]);
  const rows = g.vector([amount(i), 0, amount(i + count), 0]);
  return g.emit('Pad', [identity(g, x, axis), rows], node.attributes)[0]!;
}

export const RESAMPLING = {
  Pad: pad,
  Resize: resize,
} as const satisfies Record<string, Rule>;
