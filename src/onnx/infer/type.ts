/** @file What is known about a value before a graph runs, and the shape arithmetic that all operators share. */
import type { DataType, Node } from '../model.ts';
import type { Size } from '../sizes.ts';

/** What is known about a value; nothing at all is `{}`. */
export interface ValueType {
  readonly dtype?: DataType;
  /** Absent where even the rank is unknown. */
  readonly shape?: readonly Size[];
  /** The elements of a small constant or computed shape, in row-major order. */
  readonly value?: readonly Size[];
}

/** Types of a node's outputs from those of its inputs; an output that nothing is known about may be left out. */
export type TypeRule = (inputs: readonly ValueType[], node: Node, opset: number) => readonly ValueType[];

/** A size that nothing is known about, spelled after the output of a node it belongs to. */
export const unknownSize = (node: Node, axis: number | string): Size => `?${node.outputs[0]}:${axis}`;

/** A negative axis counts from the end. */
export const normalAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The size that two sizes broadcast to; undefined if that is not known. */
const broadcastSize = (a: Size, b: Size): Size | undefined => {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  // One of them is a number other than 1: the other has to be 1 or equal to it.
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : undefined;
};

/** The shape that shapes broadcast to; undefined if one of their ranks is unknown. */
export function broadcastShapes(
  shapes: readonly (readonly Size[] | undefined)[],
  node: Node,
): readonly Size[] | undefined {
  if (shapes.some((shape) => shape === undefined)) return undefined;
  const ranks = shapes.map((shape) => shape!.length);
  const rank = Math.max(0, ...ranks);
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape, i) => shape![axis - rank + ranks[i]!] ?? 1);
    return sizes.reduce((a, b) => broadcastSize(a, b) ?? unknownSize(node, axis));
  });
}

/** A type with those of its fields that are known. */
export function typed(
  dtype: DataType | undefined,
  shape: readonly Size[] | undefined,
  value?: readonly Size[] | undefined,
): ValueType {
  return {
    ...(dtype !== undefined && { dtype }),
    ...(shape !== undefined && { shape }),
    ...(value !== undefined && value.length <= 64 && { value }),
  };
}

/** The elements as numbers, where all are known. */
export function numbersOf(type: ValueType | undefined): readonly number[] | undefined {
  const value = type?.value;
  return value?.every((size) => typeof size === 'number') ? (value as readonly number[]) : undefined;
}
