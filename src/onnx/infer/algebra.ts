/** @file Types of products, contractions and reductions. */
import { intOf, intsOf, textOf } from '../attributes.ts';
import { parseEinsum } from '../einsum.ts';
import type { Size } from '../sizes.ts';
import {
  broadcastShapes,
  normalAxis,
  numbersOf,
  type TypeRule,
  typed,
  unknownSize,
  type ValueType,
} from './type.ts';

const transposed = (shape: readonly Size[] | undefined, flag: number): readonly Size[] | undefined =>
  shape === undefined || flag === 0 ? shape : [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

const matMul: TypeRule = (inputs, node) => {
  const dtype = inputs[0]?.dtype;
  const a = transposed(inputs[0]?.shape, intOf(node, 'transA', 0));
  const b = transposed(inputs[1]?.shape, intOf(node, 'transB', 0));
  if (a === undefined || b === undefined || a.length === 0 || b.length === 0)
    return [typed(dtype, undefined)];
  const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)], node)!;
  const rows = a.length === 1 ? [] : [a.at(-2)!];
  const columns = b.length === 1 ? [] : [b.at(-1)!];
  return [typed(dtype, [...batch, ...rows, ...columns])];
};

const gemm: TypeRule = ([a = {}, b = {}], node) => {
  const rows = transposed(a.shape, intOf(node, 'transA', 0))?.[0];
  const columns = transposed(b.shape, intOf(node, 'transB', 0))?.[1];
  return [typed(a.dtype, [rows ?? unknownSize(node, 0), columns ?? unknownSize(node, 1)])];
};

const einsum: TypeRule = (inputs, node) => {
  const dtype = inputs[0]?.dtype;
  const shapes = inputs.map(({ shape }) => shape);
  if (shapes.some((shape) => shape === undefined)) return [typed(dtype, undefined)];
  const { terms, output } = parseEinsum(
    textOf(node, 'equation', ''),
    shapes.map((shape) => shape!.length),
  );
  const sizes = new Map<string, Size>();
  terms.forEach((term, i) => {
    term.forEach((letter, axis) => {
      const size = shapes[i]![axis]!;
      const other = sizes.get(letter);
      const settles = typeof size === 'number' && size > 1;
      if (other === undefined || other === 1 || settles) sizes.set(letter, size);
      // Either of two symbols may stand for 1.
      else if (typeof other === 'string' && typeof size === 'string' && other !== size) {
        sizes.set(letter, unknownSize(node, letter));
      }
    });
  });
  return [
    typed(
      dtype,
      output.map((letter) => sizes.get(letter)!),
    ),
  ];
};

const reduce =
  (inputSince: number, { arg = false } = {}): TypeRule =>
  (inputs, node, opset) => {
    const [x = {}] = inputs;
    const dtype = arg ? 'int64' : x.dtype;
    if (x.shape === undefined) return [typed(dtype, undefined)];
    const rank = x.shape.length;
    const keep = intOf(node, 'keepdims', 1) === 1;
    const axes = arg
      ? [intOf(node, 'axis', 0)]
      : reducedAxes(inputs, intsOf(node, 'axes'), opset >= inputSince);
    if (axes === 'unknown')
      return [typed(dtype, keep ? x.shape.map((_, i) => unknownSize(node, i)) : undefined)];
    const none = axes.length === 0 && intOf(node, 'noop_with_empty_axes', 0) === 1;
    if (none) return [typed(dtype, x.shape)];
    const gone = axes.map((axis) => normalAxis(axis, rank));
    const reduced = (axis: number): boolean => gone.length === 0 || gone.includes(axis);
    const sizes = x.shape.flatMap((size, axis) => (reduced(axis) ? (keep ? [1] : []) : [size]));
    const product =
      node.opType === 'ReduceProd' && rank === 1 && x.value?.every((n) => typeof n === 'number');
    const value = product ? [x.value!.reduce<number>((a, b) => a * (b as number), 1)] : undefined;
    return [typed(dtype, sizes, value)];
  };

/** Axes of a reduction, `[]` for all; they may be known only when the graph runs. */
function reducedAxes(
  inputs: readonly ValueType[],
  attribute: readonly number[] | undefined,
  asInput: boolean,
): readonly number[] | 'unknown' {
  if (!asInput) return attribute ?? [];
  return inputs[1] === undefined ? [] : (numbersOf(inputs[1]) ?? 'unknown');
}

const topK: TypeRule = (inputs, node) => {
  const [x = {}, k = {}] = inputs;
  if (x.shape === undefined) return [typed(x.dtype, undefined), { dtype: 'int64' }];
  const axis = normalAxis(intOf(node, 'axis', -1), x.shape.length);
  const shape = x.shape.with(axis, k.value?.[0] ?? unknownSize(node, axis));
  return [typed(x.dtype, shape), typed('int64', shape)];
};

export const ALGEBRA: Readonly<Record<string, TypeRule>> = {
  ArgMax: reduce(99, { arg: true }),
  ArgMin: reduce(99, { arg: true }),
  Einsum: einsum,
  FusedMatMul: matMul,
  Gemm: gemm,
  MatMul: matMul,
  ReduceL1: reduce(18),
  ReduceL2: reduce(18),
  ReduceLogSum: reduce(18),
  ReduceLogSumExp: reduce(18),
  ReduceMax: reduce(18),
  ReduceMean: reduce(18),
  ReduceMin: reduce(18),
  ReduceProd: reduce(18),
  ReduceSum: reduce(13),
  ReduceSumSquare: reduce(18),
  TopK: topK,
};
