/** @file Rules of products and contractions. */
import { unsupportedGradient } from '../../messages/index.ts';
import { floatOf, intOf, textOf } from '../../onnx/attributes.ts';
import { parseEinsum, spellEinsum } from '../../onnx/einsum.ts';
import type { Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import type { Rule } from '../rule.ts';
import type { Gradient, Tape } from '../tape.ts';

/** A matrix of one row or of one column for a vector, which MatMul takes as such. */
const asMatrix = (g: Tape, x: Value, axis: number): Value =>
  g.shape(x).length === 1 ? g.Unsqueeze(x, [axis]) : x;

/** `Y = A B`: `ct Bᵀ` and `Aᵀ ct`; a vector on either side counts as a row or a column. */
const matMul: Rule = {
  broadcasts: true,
  vjp: ([ct], { inputs: [a = '', b = ''] }, g) => {
    const [rankA, rankB] = [g.shape(a).length, g.shape(b).length];
    const rows = rankA === 1 ? g.Unsqueeze(ct!, [Math.max(rankB - 2, 0)]) : ct!;
    const full = rankB === 1 ? g.Unsqueeze(rows, [g.shape(rows).length]) : rows;
    return [() => byLeft(g, full, a, b), () => byRight(g, full, a, b)];
  },
};

function byLeft(g: Tape, ct: Value, a: Value, b: Value): Value {
  const product = g.MatMul(ct, g.transposeLast(asMatrix(g, b, 1)));
  return g.shape(a).length === 1 ? g.Squeeze(product, [g.shape(product).length - 2]) : product;
}

function byRight(g: Tape, ct: Value, a: Value, b: Value): Value {
  const [rankA, rankB] = [g.shape(a).length, g.shape(b).length];
  if (rankB === 2 && rankA > 2) {
    // One product of two tall matrices instead of a product for each member of the batch.
    const tall = (x: Value): Value => g.Reshape(x, g.vector([-1, g.sizeOf(x, -1)]));
    return g.MatMul(g.transposeLast(tall(a)), tall(ct));
  }
  const product = g.MatMul(g.transposeLast(asMatrix(g, a, 0)), ct);
  return rankB === 1 ? g.Squeeze(product, [g.shape(product).length - 1]) : product;
}

/** The gradients of `alpha A' B'` by A and B, each of which is transposed in its last two axes or not. */
function turnedProduct(ct: Value, node: Node, g: Tape): readonly [Gradient, Gradient] {
  const [a = '', b = ''] = node.inputs;
  const [transA, transB] = [intOf(node, 'transA', 0) === 1, intOf(node, 'transB', 0) === 1];
  const scaled = g.scale(ct, floatOf(node, 'alpha', 1));
  const turned = (x: Value, turn: boolean): Value => (turn ? g.transposeLast(x) : x);
  return [
    () => turned(g.MatMul(scaled, turned(b, !transB)), transA),
    () => turned(g.MatMul(turned(a, !transA), scaled), transB),
  ];
}

/** `Y = alpha A' B' + beta C` with A' and B' transposed or not. */
const gemm: Rule = {
  broadcasts: true,
  vjp: ([ct], node, g) => [
    ...turnedProduct(ct!, node, g),
    () => ((node.inputs[2] ?? '') === '' ? undefined : g.scale(ct!, floatOf(node, 'beta', 1))),
  ],
};

/** FusedMatMul of `com.microsoft`: `alpha A' B'`, transposed in the last two axes. */
export const fusedMatMul: Rule = {
  broadcasts: true,
  vjp: ([ct], node, g) => {
    if (intOf(node, 'transBatchA', 0) === 1 || intOf(node, 'transBatchB', 0) === 1) {
      throw unsupportedGradient(node.opType, node.name, 'it transposes the batch');
    }
    return turnedProduct(ct!, node, g);
  },
};

/**
 * Einsum: the gradient by one operand is the einsum of the cotangent and the other operands with that operand's
 * letters as output. Letters that stand nowhere else were summed out: the gradient is the same all along them.
 */
const einsum: Rule = {
  broadcasts: true,
  vjp: ([ct], node, g) => {
    const ranks = node.inputs.map((x) => g.shape(x).length);
    const { terms, output } = parseEinsum(textOf(node, 'equation', ''), ranks);
    return node.inputs.map(
      (x, i): Gradient =>
        () => {
          const wanted = terms[i]!;
          if (new Set(wanted).size < wanted.length) {
            throw unsupportedGradient(node.opType, node.name, 'it takes a diagonal');
          }
          const rest = terms.filter((_, j) => j !== i);
          const others = node.inputs.filter((_, j) => j !== i);
          const present = wanted.filter(
            (letter) => output.includes(letter) || rest.some((t) => t.includes(letter)),
          );
          const sum = g.Einsum(spellEinsum({ terms: [output, ...rest], output: present }), ct!, ...others);
          return present.length === wanted.length ? sum : alongMissing(g, sum, x, wanted, present);
        },
    );
  },
};

const alongMissing = (
  g: Tape,
  sum: Value,
  x: Value,
  wanted: readonly string[],
  present: readonly string[],
): Value => {
  const missing = wanted.flatMap((letter, axis) => (present.includes(letter) ? [] : [axis]));
  return g.Expand(g.Unsqueeze(sum, missing), g.shapeOf(x));
};

export const PRODUCT = {
  Einsum: einsum,
  Gemm: gemm,
  MatMul: matMul,
} as const satisfies Record<string, Rule>;
