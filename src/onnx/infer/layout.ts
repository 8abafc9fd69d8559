/** @file Types of operators that move elements around: reshapes, slices, gathers, and what exporters build shapes of. */
import { intOf, intsOf } from '../attributes.ts';
import type { Node } from '../model.ts';
import { addSizes, divideSizes, multiplySizes, productOf, type Size, subtractSizes } from '../sizes.ts';
import {
  broadcastShapes,
  normalAxis,
  numbersOf,
  type TypeRule,
  typed,
  unknownSize,
  type ValueType,
} from './type.ts';

/** Axes from an attribute (older operator sets) or from the second input. */
const axesOf = (inputs: readonly ValueType[], node: Node, rank: number): readonly number[] | undefined =>
  (intsOf(node, 'axes') ?? numbersOf(inputs[1]))?.map((axis) => normalAxis(axis, rank));

const unknownOf = (node: Node, rank: number): Size[] =>
  Array.from({ length: rank }, (_, axis) => unknownSize(node, axis));

const shape: TypeRule = ([x = {}], node) => {
  if (x.shape === undefined) return [{ dtype: 'int64', shape: [unknownSize(node, 0)] }];
  const value = x.shape.slice(intOf(node, 'start', 0), intOf(node, 'end', x.shape.length));
  return [typed('int64', [value.length], value)];
};

const reshape: TypeRule = ([x = {}, target = {}], node) => {
  const rank = target.shape?.[0];
  if (target.value === undefined)
    return [typed(x.dtype, typeof rank === 'number' ? unknownOf(node, rank) : undefined)];
  const keep = intOf(node, 'allowzero', 0) === 0;
  const sizes = target.value.map((size, axis) =>
    size === 0 && keep ? (x.shape?.[axis] ?? unknownSize(node, axis)) : size,
  );
  const hole = sizes.indexOf(-1);
  if (hole < 0) return [typed(x.dtype, sizes, x.value)];
  const rest = productOf(sizes.filter((_, axis) => axis !== hole));
  sizes[hole] = x.shape === undefined ? unknownSize(node, hole) : divideSizes(productOf(x.shape), rest);
  return [typed(x.dtype, sizes, x.value)];
};

const unsqueeze: TypeRule = (inputs, node) => {
  const [x = {}] = inputs;
  const count = (intsOf(node, 'axes') ?? inputs[1]?.value)?.length;
  if (x.shape === undefined || count === undefined) return [typed(x.dtype, undefined)];
  const axes = axesOf(inputs, node, x.shape.length + count);
  if (axes === undefined) return [typed(x.dtype, undefined)];
  const rest = [...x.shape];
  const sizes = Array.from({ length: rest.length + count }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!));
  return [typed(x.dtype, sizes, x.value)];
};

const squeeze: TypeRule = (inputs, node) => {
  const [x = {}] = inputs;
  if (x.shape === undefined) return [typed(x.dtype, undefined)];
  const given = intsOf(node, 'axes') !== undefined || inputs.length > 1;
  const axes = given
    ? axesOf(inputs, node, x.shape.length)
    : x.shape.flatMap((size, i) => (size === 1 ? [i] : []));
  return [typed(x.dtype, axes && x.shape.filter((_, i) => !axes.includes(i)), x.value)];
};

const concat: TypeRule = (inputs, node) => {
  const dtype = inputs[0]?.dtype;
  const known = inputs.find((input) => input.shape !== undefined)?.shape;
  if (known === undefined) return [typed(dtype, undefined)];
  const axis = normalAxis(intOf(node, 'axis', 0), known.length);
  const sizes = known.map((size, i) => {
    const along = inputs.map((input) => input.shape?.[i]);
    if (i === axis) return along.reduce<Size>((sum, n) => addSizes(sum, n ?? unknownSize(node, i)), 0);
    return along.find((n) => typeof n === 'number') ?? size;
  });
  const whole = inputs.every((input) => input.value !== undefined) && known.length === 1;
  return [typed(dtype, sizes, whole ? inputs.flatMap((input) => input.value!) : undefined)];
};

const gather: TypeRule = ([x = {}, indices = {}], node) => {
  if (x.shape === undefined || indices.shape === undefined) return [typed(x.dtype, undefined)];
  const axis = normalAxis(intOf(node, 'axis', 0), x.shape.length);
  const sizes = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const picks = numbersOf(indices);
  const value = x.value && picks && x.shape.length === 1 ? picks.map((i) => x.value!.at(i) ?? 0) : undefined;
  return [typed(x.dtype, sizes, value)];
};

/** The numbers of a slice by axis; undefined if they are not all known. */
function sliceSpans(inputs: readonly ValueType[], node: Node, rank: number) {
  const part = (name: string, i: number) => intsOf(node, name) ?? numbersOf(inputs[i]);
  const starts = part('starts', 1);
  const ends = part('ends', 2);
  const axes = part('axes', 3) ?? (inputs[3] === undefined ? starts?.map((_, i) => i) : undefined);
  const steps = part('steps', 4) ?? (inputs[4] === undefined ? starts?.map(() => 1) : undefined);
  if (starts === undefined || ends === undefined || axes === undefined || steps === undefined)
    return undefined;
  return axes.map((axis, i) => ({
    axis: normalAxis(axis, rank),
    start: starts[i]!,
    end: ends[i]!,
    step: steps[i]!,
  }));
}

/** How many elements `start:end:step` takes of `size`, as in Python; undefined if that depends on the size. */
function slicedSize(size: Size, start: number, end: number, step: number): Size | undefined {
  if (typeof size === 'number') {
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const clamp = (i: number): number => Math.min(Math.max(i < 0 ? i + size : i, low), high);
    return Math.max(0, Math.ceil((clamp(end) - clamp(start)) / step));
  }
  if (step !== 1)
    return start === 0 && end >= 2 ** 31 - 1 ? divideSizes(addSizes(size, step - 1), step) : undefined;
  if (start >= 0 && end >= 2 ** 31 - 1) return subtractSizes(size, start);
  if (start >= 0 && end < 0) return addSizes(size, end - start);
  return start < 0 && end >= 2 ** 31 - 1 ? -start : undefined;
}

const slice: TypeRule = (inputs, node) => {
  const [x = {}] = inputs;
  if (x.shape === undefined) return [typed(x.dtype, undefined)];
  const spans = sliceSpans(inputs, node, x.shape.length);
  if (spans === undefined) {
    const touched = numbersOf(inputs[3])?.map((axis) => normalAxis(axis, x.shape!.length));
    const kept = (axis: number): boolean => touched !== undefined && !touched.includes(axis);
    return [
      typed(
        x.dtype,
        x.shape.map((size, axis) => (kept(axis) ? size : unknownSize(node, axis))),
      ),
    ];
  }
  const sizes = [...x.shape];
  for (const { axis, start, end, step } of spans) {
    sizes[axis] = slicedSize(sizes[axis]!, start, end, step) ?? unknownSize(node, axis);
  }
  const [span] = spans;
  const simple = x.value !== undefined && x.shape.length === 1 && span !== undefined && span.step === 1;
  return [typed(x.dtype, sizes, simple ? x.value!.slice(span.start, span.end) : undefined)];
};

const expand: TypeRule = ([x = {}, target = {}], node) => {
  const rank = target.shape?.[0];
  const to = target.value ?? (typeof rank === 'number' ? unknownOf(node, rank) : undefined);
  return [typed(x.dtype, broadcastShapes([x.shape, to], node))];
};

const tile: TypeRule = ([x = {}, repeats = {}], node) => [
  typed(
    x.dtype,
    x.shape?.map((size, i) =>
      repeats.value ? multiplySizes(size, repeats.value[i]!) : unknownSize(node, i),
    ),
  ),
];

const split: TypeRule = (inputs, node) => {
  const [x = {}] = inputs;
  if (x.shape === undefined) return node.outputs.map(() => typed(x.dtype, undefined));
  const axis = normalAxis(intOf(node, 'axis', 0), x.shape.length);
  const given = intsOf(node, 'split') ?? inputs[1]?.value;
  const total = x.shape[axis]!;
  const even = divideSizes(
    typeof total === 'number' ? total + node.outputs.length - 1 : total,
    node.outputs.length,
  );
  return node.outputs.map((_, i) => {
    const last = typeof total === 'number' && typeof even === 'number' && i === node.outputs.length - 1;
    const size = given?.[i] ?? (last ? total - even * i : even);
    return typed(x.dtype, x.shape!.with(axis, size));
  });
};

const flatten: TypeRule = ([x = {}], node) => {
  if (x.shape === undefined) return [typed(x.dtype, unknownOf(node, 2))];
  const axis = normalAxis(intOf(node, 'axis', 1), x.shape.length);
  return [typed(x.dtype, [productOf(x.shape.slice(0, axis)), productOf(x.shape.slice(axis))])];
};

const transpose: TypeRule = ([x = {}], node) => {
  if (x.shape === undefined) return [typed(x.dtype, undefined)];
  const perm = intsOf(node, 'perm') ?? x.shape.map((_, i) => x.shape!.length - 1 - i);
  return [
    typed(
      x.dtype,
      perm.map((i) => x.shape![i]!),
    ),
  ];
};

const constantOfShape: TypeRule = ([target = {}], node) => {
  const attribute = node.attributes.value;
  const dtype = attribute?.kind === 'tensor' ? attribute.value.dtype : 'float32';
  const rank = target.shape?.[0];
  const sizes = target.value ?? (typeof rank === 'number' ? unknownOf(node, rank) : undefined);
  const count = sizes === undefined ? undefined : productOf(sizes);
  const raw = attribute?.kind === 'tensor' ? attribute.value.raw : undefined;
  const filled = dtype === 'int64' && typeof count === 'number' && count <= 64 && raw?.length === 8;
  const value = filled ? Array<Size>(count).fill(Number(Buffer.from(raw).readBigInt64LE())) : undefined;
  return [typed(dtype, sizes, value)];
};

const range: TypeRule = (inputs, node) => {
  const [start, limit, delta] = inputs.map((input) => numbersOf(input)?.[0]);
  const dtype = inputs[0]?.dtype;
  if (start === undefined || limit === undefined || delta === undefined) {
    const counts = start === 0 && delta === 1 ? inputs[1]?.value?.[0] : undefined;
    return [typed(dtype, [counts ?? unknownSize(node, 0)])];
  }
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  const value = length <= 64 ? Array.from({ length }, (_, i) => start + i * delta) : undefined;
  return [typed(dtype, [length], value)];
};

const gatherND: TypeRule = ([x = {}, indices = {}], node) => {
  const depth = indices.shape?.at(-1);
  if (x.shape === undefined || typeof depth !== 'number') return [typed(x.dtype, undefined)];
  const batch = intOf(node, 'batch_dims', 0);
  return [typed(x.dtype, [...indices.shape!.slice(0, -1), ...x.shape.slice(batch + depth)])];
};

const oneHot: TypeRule = ([indices = {}, depth = {}, values = {}], node) => {
  if (indices.shape === undefined) return [typed(values.dtype, undefined)];
  const axis = normalAxis(intOf(node, 'axis', -1), indices.shape.length + 1);
  const size = depth.value?.[0] ?? unknownSize(node, axis);
  return [typed(values.dtype, indices.shape.toSpliced(axis, 0, size))];
};

export const LAYOUT: Readonly<Record<string, TypeRule>> = {
  Concat: concat,
  ConstantOfShape: constantOfShape,
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  GatherElements: ([x = {}, indices = {}]) => [typed(x.dtype, indices.shape)],
  GatherND: gatherND,
  NonZero: ([x = {}], node) => [
    typed('int64', [x.shape?.length ?? unknownSize(node, 0), unknownSize(node, 1)]),
  ],
  OneHot: oneHot,
  Range: range,
  Reshape: reshape,
  Shape: shape,
  Size: ([x = {}]) => [typed('int64', [], x.shape && [productOf(x.shape)])],
  Slice: slice,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};
