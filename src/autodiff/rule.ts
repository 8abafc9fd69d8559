/**
 * @file What a vector-Jacobian rule is, and the combinators that the table is written with.
 *
 * For `y = f(x0, x1, ...)` and a cotangent `ct` (the gradient of the loss by `y`), a rule gives the gradient of the
 * loss by each input. It never adds up, never looks at who needs what, and says nothing about broadcasting but that
 * there is some: the driver does all three.
 */
import type { Node } from '../onnx/model.ts';
import type { Value } from '../onnx/operators.ts';
import type { Gradient, Tape } from './tape.ts';

/** The rule of one operator. */
export interface Rule {
  /** Gradients by the inputs, in their order, from the cotangents of the outputs (undefined: zero). */
  readonly vjp: (cts: readonly (Value | undefined)[], node: Node, g: Tape) => readonly Gradient[];
  /** Inputs are broadcast to the output's shape: the driver sums gradients back to the shape of the input. */
  readonly broadcasts?: boolean;
  /** The rule takes a cotangent for every output, not only the first. */
  readonly manyOutputs?: boolean;
  /** The true gradient is zero everywhere, or almost everywhere. */
  readonly zero?: boolean;
  /** The first operator set that has what the rule emits; lower models are raised to it. */
  readonly since?: number;
}

type Vjp = (ct: Value, node: Node, g: Tape) => readonly Gradient[];

/** A rule that looks at the first output only. */
export const rule = (vjp: Vjp, options: Omit<Rule, 'vjp'> = {}): Rule => ({
  vjp: ([ct], node, g) => vjp(ct!, node, g),
  ...options,
});

/** A rule of an operator whose inputs broadcast. */
export const broadcasting = (vjp: Vjp): Rule => rule(vjp, { broadcasts: true });

/** `y = f(x)` element by element: `ct f'(x)`, written with `x` or `y`, whichever is cheaper. */
export const elementwise = (
  vjp: (ct: Value, at: { x: Value; y: Value; node: Node; g: Tape }) => Value,
): Rule => rule((ct, node, g) => [() => vjp(ct, { x: node.inputs[0]!, y: node.outputs[0]!, node, g })]);

/** `f` is linear in its first input and the others are shapes, axes, indices: `f`'s adjoint of `ct`. */
export const linear = (
  adjoint: (ct: Value, node: Node, g: Tape) => Value,
  options: Omit<Rule, 'vjp'> = {},
): Rule => rule((ct, node, g) => [() => adjoint(ct, node, g)], options);

/** Steps, integers, comparisons, shapes: no small change of the input changes the output. */
export const zero: Rule = { vjp: () => [], manyOutputs: true, zero: true };

/** The same mathematics in simpler operators: the gradient is taken of those, recomputed. */
export const decomposed = (decompose: (node: Node, g: Tape) => readonly Value[]): Rule => ({
  vjp: (cts, node, g) => g.backpropagate(() => decompose(node, g), cts, node.inputs),
  manyOutputs: true,
});
