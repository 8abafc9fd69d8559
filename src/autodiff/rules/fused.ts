/**
 * @file Rules of operators that stand for several: attention, and what optimisers put in place of common patterns
 * (domain `com.microsoft`). Most are explained by simpler operators, computed again, and differentiated as those.
 */
import { unsupportedGradient } from '../../messages/index.ts';
import { float, floatOf, int, intOf, textOf } from '../../onnx/attributes.ts';
import type { Attributes, Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { broadcasting, decomposed, elementwise, type Rule } from '../rule.ts';
import type { Tape } from '../tape.ts';
import { geluDerivative, quickGeluDerivative, tanhGeluDerivative } from './elementwise.ts';
import { fusedMatMul } from './product.ts';

const unsupported = (node: Node, why: string): Error => unsupportedGradient(node.opType, node.name, why);

const present = (value: string | undefined): value is string => value !== undefined && value !== '';

// ---- activations with a bias -----------------------------------------------------------------------------

/** `f(x + bias)`, the bias being left out or not. */
const biased = (derivative: (g: Tape, x: Value) => Value): Rule =>
  broadcasting((ct, { inputs: [x = '', bias = ''] }, g) => {
    const sum = present(bias) ? g.Add(x, bias) : x;
    const gradient = g.Mul(ct, derivative(g, sum));
    return [gradient, present(bias) ? gradient : undefined];
  });

// ---- attention -------------------------------------------------------------------------------------------

interface Heads {
  /** [batch, heads, queries, head size] */
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

interface Scores {
  readonly scale: number | undefined;
  /** Added to the scores, as it broadcasts. */
  readonly bias?: Value | undefined;
  /** Whether query i sees keys up to i only. */
  readonly causal: boolean;
}

/** `softmax(scale q kᵀ + bias) v`; (default scale: 1 / sqrt(head size)). */
function attend(g: Tape, { q, k, v }: Heads, { scale, bias, causal }: Scores): Value {
  const products = g.MatMul(q, g.transposeLast(k));
  const scores = scale === undefined ? g.Div(products, rootOfSize(g, q)) : g.scale(products, scale);
  const shifted = bias === undefined ? scores : g.Add(scores, bias);
  const seen = causal ? g.Where(lowerTriangle(g, q, k), shifted, g.scalar(-3e38, shifted)) : shifted;
  return g.MatMul(g.Softmax(seen, -1), v);
}

/** The square root of the head size. */
function rootOfSize(g: Tape, q: Value): Value {
  const size = g.shape(q)[3];
  if (typeof size === 'number') return g.scalar(Math.sqrt(size), q);
  return g.Sqrt(g.Cast(g.sizeOf(q, 3), g.typeOf(q).dtype ?? 'float32'));
}

/** [queries, keys]: true where key j is not after query i. */
function lowerTriangle(g: Tape, q: Value, k: Value): Value {
  const count = (x: Value): Value => {
    const length = g.Squeeze(g.sizeOf(x, 2), [0]);
    return g.Range(g.constant('int64', [], [0]), length, g.constant('int64', [], [1]));
  };
  return g.GreaterOrEqual(g.Unsqueeze(count(q), [1]), g.Unsqueeze(count(k), [0]));
}

/** [batch, length, heads * size] as [batch, heads, length, size]. */
const splitHeads = (g: Tape, x: Value, heads: number): Value =>
  g.Transpose(g.Reshape(x, [0, 0, heads, -1]), [0, 2, 1, 3]);

const joinHeads = (g: Tape, x: Value): Value => g.Reshape(g.Transpose(x, [0, 2, 1, 3]), [0, 0, -1]);

/** A scale attribute; 0 and absent both say that it is the usual one. */
const scaleOf = (node: Node): number | undefined => {
  const scale = floatOf(node, 'scale', 0);
  return scale === 0 ? undefined : scale;
};

/** The third of a bias or a projection that belongs to q, k or v. */
const third = (g: Tape, x: Value, i: number): Value => {
  const total = g.shape(x).at(-1);
  const axis = g.shape(x).length - 1;
  return g.Slice(x, [(i * (total as number)) / 3], [((i + 1) * (total as number)) / 3], [axis]);
};

/** Attention of ONNX (operator set 23), without a cache of past keys. */
const attention = decomposed((node, g) => {
  const [q = '', k = '', v = '', mask = '', ...past] = node.inputs;
  if (past.some(present)) throw unsupported(node, 'it continues a cache of keys and values');
  if (floatOf(node, 'softcap', 0) !== 0) throw unsupported(node, 'it caps its scores');
  const flat = g.shape(q).length === 3;
  const [heads, shared] = [intOf(node, 'q_num_heads', 0), intOf(node, 'kv_num_heads', 0)];
  const parts = flat
    ? { q: splitHeads(g, q, heads), k: splitHeads(g, k, shared), v: splitHeads(g, v, shared) }
    : { q, k, v };
  const counts = [parts.q, parts.k].map((x) => g.shape(x)[1]);
  if (counts.every((count) => typeof count === 'number') && counts[0] !== counts[1])
    throw unsupported(node, 'queries share keys between heads');
  const isBoolean = present(mask) && g.typeOf(mask).dtype === 'bool';
  const bias = isBoolean ? g.Where(mask, g.scalar(0, q), g.scalar(-3e38, q)) : mask;
  const y = attend(g, parts, {
    scale: scaleOf(node),
    bias: present(bias) ? bias : undefined,
    causal: intOf(node, 'is_causal', 0) === 1,
  });
  return [flat ? joinHeads(g, y) : y];
});

/** MultiHeadAttention of `com.microsoft`: projected q, k and v of shape [batch, length, heads * size]. */
const multiHeadAttention = decomposed((node, g) => {
  const [q = '', k = '', v = '', bias = '', padding = '', scores = '', ...past] = node.inputs;
  if (present(padding)) throw unsupported(node, 'it has a mask of padded keys');
  if (past.some(present)) throw unsupported(node, 'it continues a cache of keys and values');
  if (!present(k) || !present(v) || [q, k, v].some((x) => g.shape(x).length !== 3)) {
    throw unsupported(node, 'its queries, keys and values are packed');
  }
  const heads = intOf(node, 'num_heads', 1);
  const project = (x: Value, i: number): Value =>
    splitHeads(g, present(bias) ? g.Add(x, third(g, bias, i)) : x, heads);
  const parts = { q: project(q, 0), k: project(k, 1), v: project(v, 2) };
  const y = attend(g, parts, {
    scale: scaleOf(node),
    bias: present(scores) ? scores : undefined,
    causal: intOf(node, 'unidirectional', 0) === 1,
  });
  return [joinHeads(g, y)];
});

/** Attention of `com.microsoft`: one projection `x w + bias` for q, k and v. */
const projectedAttention = decomposed((node, g) => {
  const [x = '', w = '', bias = '', mask = '', past = '', scores = ''] = node.inputs;
  if (present(mask)) throw unsupported(node, 'it has a mask');
  if (present(past)) throw unsupported(node, 'it continues a cache of keys and values');
  if (node.attributes.qkv_hidden_sizes !== undefined) throw unsupported(node, 'q, k and v differ in size');
  const product = g.MatMul(x, w);
  const qkv = present(bias) ? g.Add(product, bias) : product;
  const heads = intOf(node, 'num_heads', 1);
  const [q, k, v] = [0, 1, 2].map((i) => splitHeads(g, third(g, qkv, i), heads));
  const y = attend(
    g,
    { q: q!, k: k!, v: v! },
    {
      scale: scaleOf(node),
      bias: present(scores) ? scores : undefined,
      causal: intOf(node, 'unidirectional', 0) === 1,
    },
  );
  return [joinHeads(g, y)];
});

// ---- sums, normalisations and convolutions in one --------------------------------------------------------

/** Normalises `x + skip + bias`; the fourth output is that sum. */
const skipNormalization = (opType: string, shifted: boolean): Rule => ({
  ...decomposed((node, g) => {
    const [x = '', skip = '', scale = ''] = node.inputs;
    const [shift = '', bias = ''] = shifted ? node.inputs.slice(3) : ['', node.inputs[3] ?? ''];
    const sum = present(bias) ? g.Add(g.Add(x, skip), bias) : g.Add(x, skip);
    const attributes: Attributes = { axis: int(-1), epsilon: float(floatOf(node, 'epsilon', 1e-12)) };
    const [y] = g.emit(opType, [sum, scale, shift], attributes);
    return [y!, '', '', sum];
  }),
  since: 17,
});

/** Conv, an optional sum, an activation. */
const fusedConv = decomposed((node, g) => {
  const [x = '', w = '', bias = '', sum = ''] = node.inputs;
  const { activation: _, activation_params: parameters, ...attributes } = node.attributes;
  const [product] = g.emit('Conv', [x, w, bias], attributes);
  const total = present(sum) ? g.Add(product!, sum) : product!;
  const values = parameters?.kind === 'floats' ? parameters.value : [];
  const name = textOf(node, 'activation', '');
  if (name === '') return [total];
  if (name === 'Clip') return [g.Clip(total, g.scalar(values[0]!, total), g.scalar(values[1]!, total))];
  const named = ['alpha', 'beta', 'gamma'].slice(0, values.length);
  return g.emit(name, [total], Object.fromEntries(named.map((key, i) => [key, float(values[i]!)])));
});

export const FUSED = {
  Attention: attention,
  'com.microsoft.Attention': projectedAttention,
  'com.microsoft.BiasGelu': biased(geluDerivative),
  'com.microsoft.FastGelu': biased(tanhGeluDerivative),
  'com.microsoft.FusedConv': fusedConv,
  'com.microsoft.FusedMatMul': fusedMatMul,
  'com.microsoft.Gelu': elementwise((ct, { x, g }) => g.Mul(ct, geluDerivative(g, x))),
  'com.microsoft.MultiHeadAttention': multiHeadAttention,
  'com.microsoft.QuickGelu': elementwise((ct, { x, node, g }) =>
    g.Mul(ct, quickGeluDerivative(g, x, floatOf(node, 'alpha', 1.702))),
  ),
  'com.microsoft.SkipLayerNormalization': skipNormalization('LayerNormalization', true),
  'com.microsoft.SkipSimplifiedLayerNormalization': skipNormalization('SimplifiedLayerNormalization', false),
} as const satisfies Record<string, Rule>;
