/** @file What rules write on: a graph builder that also knows shapes and sums out what was broadcast. */
import { unknownRank } from '../messages/index.ts';
import { type GraphBuilder, graphBuilder } from '../onnx/builder.ts';
import { numbersOf } from '../onnx/infer/type.ts';
import { declaredType } from '../onnx/infer.ts';
import type { Node, ValueInfo } from '../onnx/model.ts';
import type { Value } from '../onnx/operators.ts';
import { expressionOf, type Size } from '../onnx/sizes.ts';

/** The gradient by one input: a value, none (it is zero), or how to make it, asked only where it is needed. */
export type Gradient = Value | undefined | (() => Value | undefined);

/** The builder of a gradient graph. */
export interface Tape extends GraphBuilder {
  /** Sizes of a value. Throws if not even its rank is known. */
  shape(x: Value): readonly Size[];
  /** Its elements, where they are few, integers or scalars, and known while building. */
  known(x: Value | undefined): readonly number[] | undefined;
  /** Whether a value is a weight of the model, the same in every run. */
  isConstant(x: Value): boolean;
  /** The shape of a value as an int64 vector: a constant where it is known. */
  shapeOf(x: Value): Value;
  /** One size as an int64 vector of length 1. */
  sizeOf(x: Value, axis: number): Value;
  /** An int64 vector put together from numbers and int64 vectors. */
  vector(parts: readonly (number | Value)[]): Value;
  /** `x` filled with a constant. */
  full(x: Value, fill: number): Value;
  /** 1 where the condition holds and 0 elsewhere, in the element type of `like`. */
  mask(condition: Value, like: Value): Value;
  /** `x` times, plus or minus a number. */
  scale(x: Value, factor: number): Value;
  shift(x: Value, by: number): Value;
  /** The axes in reverse order of the last two. */
  transposeLast(x: Value): Value;
  /** `ct`, summed over the axes along which `x` was broadcast to its shape. */
  unbroadcast(ct: Value, x: Value): Value;
  /** Runs `make`, then the gradients of what it made by `inputs`; how an operator is explained by others. */
  backpropagate(
    make: () => readonly Value[],
    cts: readonly (Value | undefined)[],
    inputs: readonly Value[],
  ): readonly Gradient[];
}

/** The graph that a tape continues. */
export interface Ground {
  readonly opset: number;
  /** Names in use. */
  readonly taken: Iterable<string>;
  readonly inputs: readonly ValueInfo[];
  /** Names of the constants that were in the file. */
  readonly weights: ReadonlySet<string>;
}

/** How the driver runs rules backwards over nodes that a rule has just made. */
export type Backpropagate = (
  tape: Tape,
  nodes: readonly Node[],
  cts: ReadonlyMap<Value, Value>,
  inputs: readonly Value[],
) => readonly (Value | undefined)[];

/** Starts a tape that continues a graph. */
export function startTape({ opset, taken, inputs, weights }: Ground, backpropagate: Backpropagate): Tape {
  const g = graphBuilder({ opset, taken });
  const shape = (x: Value): readonly Size[] => {
    const { shape: sizes } = g.typeOf(x);
    if (sizes === undefined) throw unknownRank(x);
    return sizes;
  };
  const known = (x: Value | undefined) => (x === undefined || x === '' ? undefined : numbersOf(g.typeOf(x)));
  const { vector, shapeOf, sizeOf } = sizesOn(g, inputs, known);
  const transposeLast = (x: Value): Value => {
    const rank = shape(x).length;
    return g.Transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
  };
  const tape: Tape = {
    ...g,
    shape,
    known,
    isConstant: (x) => weights.has(x),
    vector,
    shapeOf,
    sizeOf,
    transposeLast,
    full: (x, fill) => g.Expand(g.scalar(fill, x), shapeOf(x)),
    mask: (condition, like) => g.Cast(condition, g.typeOf(like).dtype ?? 'float32'),
    scale: (x, factor) => (factor === 1 ? x : g.Mul(x, g.scalar(factor, x))),
    shift: (x, by) => g.Add(x, g.scalar(by, x)),
    unbroadcast: (ct, x) => unbroadcast(tape, ct, x),
    backpropagate: (make, cts, inputs) => {
      const before = g.nodes.length;
      const outputs = make();
      const seeds = new Map(outputs.flatMap((y, i) => (cts[i] === undefined ? [] : [[y, cts[i]]])));
      return backpropagate(tape, g.nodes.slice(before), seeds, inputs);
    },
  };
  return tape;
}

/** Shapes and sizes as int64 vectors; each shape is made once. */
function sizesOn(
  g: GraphBuilder,
  inputs: readonly ValueInfo[],
  known: Tape['known'],
): Pick<Tape, 'vector' | 'shapeOf' | 'sizeOf'> {
  const vector = (parts: readonly (number | Value)[]): Value => {
    const pieces: Value[] = [];
    let run: number[] = [];
    const flush = (): void => {
      if (run.length > 0) pieces.push(g.ints(run));
      run = [];
    };
    for (const part of parts) {
      const numbers = typeof part === 'number' ? [part] : known(part);
      if (numbers !== undefined) run.push(...numbers);
      else {
        flush();
        pieces.push(part as Value);
      }
    }
    flush();
    if (pieces.length === 0) return g.ints([]);
    return pieces.length === 1 ? pieces[0]! : g.Concat(pieces, 0);
  };
  const computed = sizeComputer(g, inputs);
  const shapes = new Map<string, Value>();
  const shapeOf = (x: Value): Value => {
    const { shape: sizes } = g.typeOf(x);
    const key = JSON.stringify(sizes ?? [x]);
    const made = shapes.get(key);
    if (made !== undefined) return made;
    const parts = sizes?.map((size) => (typeof size === 'number' ? size : computed(size)));
    const whole = parts?.every((part) => part !== undefined) ? vector(parts) : g.Shape(x);
    shapes.set(key, whole);
    return whole;
  };
  const sizeOf = (x: Value, axis: number): Value => {
    const size = g.typeOf(x).shape?.at(axis);
    if (typeof size === 'number') return g.ints([size]);
    return (size === undefined ? undefined : computed(size)) ?? g.Gather(g.Shape(x), g.ints([axis]), 0);
  };
  return { vector, shapeOf, sizeOf };
}

/**
 * Computes a size from the sizes of the graph's inputs, as an int64 vector of length 1; undefined if it depends on
 * more than those. To ask an activation for its shape would keep it alive, and bring it out of the blocked layout.
 */
function sizeComputer(g: GraphBuilder, inputs: readonly ValueInfo[]): (size: Size) => Value | undefined {
  const sources = new Map<string, { input: string; axis: number }>();
  for (const input of inputs) {
    declaredType(input).shape?.forEach((size, axis) => {
      if (typeof size === 'string' && !sources.has(size)) sources.set(size, { input: input.name, axis });
    });
  }
  const made = new Map<string, Value | undefined>();
  const all = (sizes: readonly Size[], join: (a: Value, b: Value) => Value): Value | undefined => {
    const parts = sizes.map(compute);
    return parts.every((part) => part !== undefined) ? parts.reduce(join) : undefined;
  };
  const make = (symbol: string): Value | undefined => {
    const expression = expressionOf(symbol);
    switch (expression.kind) {
      case 'name': {
        const source = sources.get(expression.name);
        return source && g.Gather(g.Shape(source.input), g.ints([source.axis]), 0);
      }
      case 'sum':
        return all([...expression.terms, expression.constant], g.Add);
      case 'product':
        return all([expression.constant, ...expression.factors], g.Mul);
      case 'quotient':
        return all([expression.dividend, expression.divisor], g.Div);
      case 'opaque':
        return undefined;
    }
  };
  const compute = (size: Size): Value | undefined => {
    if (typeof size === 'number') return g.ints([size]);
    if (!made.has(size)) made.set(size, make(size));
    return made.get(size);
  };
  return compute;
}

/**
 * The adjoint of broadcasting. Axes that are known to be of size 1 are summed. Where it is only known at run time
 * whether an axis of size b was broadcast from a = 1 or is a = b already, that axis is split into [b / a, a] and
 * the first part is summed, which is right in both cases.
 */
function unbroadcast(g: Tape, ct: Value, x: Value): Value {
  const from = g.shape(ct);
  const to = g.shape(x);
  const lead = from.length - to.length;
  const certain = (axis: number): boolean => from[axis] === to[axis - lead] || to[axis - lead] === 1;
  const axes = from.map((_, axis) => axis);
  if (axes.every((axis) => axis < lead || certain(axis))) {
    const summed = axes.filter((axis) => axis < lead || from[axis] !== to[axis - lead]);
    const sum = g.ReduceSum(ct, summed);
    return lead === 0 ? sum : g.Reshape(sum, g.shapeOf(x));
  }
  const parts: (number | Value)[] = [];
  const summed: number[] = [];
  for (const axis of axes) {
    const b = g.sizeOf(ct, axis);
    const a = axis < lead ? g.ints([1]) : g.sizeOf(x, axis - lead);
    if (axis < lead || certain(axis)) {
      if (axis < lead || from[axis] !== to[axis - lead]) summed.push(parts.length);
      parts.push(b);
    } else {
      summed.push(parts.length);
      parts.push(g.Div(b, a), a);
    }
  }
  return g.Reshape(g.ReduceSum(g.Reshape(ct, g.vector(parts)), summed), g.shapeOf(x));
}
