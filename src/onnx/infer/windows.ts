/** @file Types of convolutions, pools and resampling: how windows and factors change the spatial sizes. */
import { intOf, intsOf, textOf } from '../attributes.ts';
import type { Node } from '../model.ts';
import { addSizes, divideSizes, multiplySizes, opaqueSize, type Size, subtractSizes } from '../sizes.ts';
import { numbersOf, type TypeRule, typed, unknownSize } from './type.ts';

/** What a window does to one spatial axis. */
interface Span {
  readonly kernel: Size;
  readonly stride: number;
  readonly dilation: number;
  readonly pad: number;
}

const spansOf = (node: Node, kernel: readonly Size[]): Span[] => {
  const strides = intsOf(node, 'strides');
  const dilations = intsOf(node, 'dilations');
  const pads = intsOf(node, 'pads');
  return kernel.map((size, i) => ({
    kernel: size,
    stride: strides?.[i] ?? 1,
    dilation: dilations?.[i] ?? 1,
    pad: (pads?.[i] ?? 0) + (pads?.[i + kernel.length] ?? 0),
  }));
};

/** `floor((size + pad - dilation (kernel - 1) - 1) / stride) + 1` */
function slid(node: Node, size: Size, { kernel, stride, dilation, pad }: Span): Size {
  const auto = textOf(node, 'auto_pad', 'NOTSET');
  if (auto.startsWith('SAME')) return divideSizes(addSizes(size, stride - 1), stride);
  const reach = addSizes(multiplySizes(subtractSizes(kernel, 1), dilation), 1);
  const free = subtractSizes(addSizes(size, auto === 'VALID' ? 0 : pad), reach);
  const up = intOf(node, 'ceil_mode', 0) === 1 ? stride - 1 : 0;
  return addSizes(divideSizes(addSizes(free, up), stride), 1);
}

const conv: TypeRule = ([x = {}, w = {}], node) => {
  const spatial = x.shape?.slice(2);
  const kernel = intsOf(node, 'kernel_shape') ?? w.shape?.slice(2);
  if (spatial === undefined || kernel === undefined) return [typed(x.dtype, undefined)];
  const spans = spansOf(node, kernel);
  const channels = w.shape?.[0] ?? unknownSize(node, 1);
  return [typed(x.dtype, [x.shape![0]!, channels, ...spatial.map((size, i) => slid(node, size, spans[i]!))])];
};

const convTranspose: TypeRule = ([x = {}, w = {}], node) => {
  const spatial = x.shape?.slice(2);
  const kernel = intsOf(node, 'kernel_shape') ?? w.shape?.slice(2);
  if (spatial === undefined || kernel === undefined) return [typed(x.dtype, undefined)];
  const extra = intsOf(node, 'output_padding');
  const fixed = intsOf(node, 'output_shape');
  const same = textOf(node, 'auto_pad', 'NOTSET').startsWith('SAME');
  const sizes = spansOf(node, kernel).map(({ kernel: k, stride, dilation, pad }, i) => {
    if (fixed !== undefined) return fixed.at(i - kernel.length)!;
    if (same) return multiplySizes(spatial[i]!, stride);
    const reach = addSizes(multiplySizes(subtractSizes(k, 1), dilation), 1 - pad + (extra?.[i] ?? 0));
    return addSizes(multiplySizes(subtractSizes(spatial[i]!, 1), stride), reach);
  });
  const channels =
    w.shape === undefined ? unknownSize(node, 1) : multiplySizes(w.shape[1]!, intOf(node, 'group', 1));
  return [typed(x.dtype, [x.shape![0]!, channels, ...sizes])];
};

const pool: TypeRule = ([x = {}], node) => {
  const kernel = intsOf(node, 'kernel_shape');
  if (x.shape === undefined || kernel === undefined) return [typed(x.dtype, undefined)];
  const spans = spansOf(node, kernel);
  const sizes = x.shape.map((size, i) => (i < 2 ? size : slid(node, size, spans[i - 2]!)));
  return [typed(x.dtype, sizes), typed('int64', sizes)];
};

const globalPool: TypeRule = ([x = {}]) => [
  typed(
    x.dtype,
    x.shape?.map((size, i) => (i < 2 ? size : 1)),
  ),
];

/** `floor(size * factor)` */
const scaled = (size: Size, factor: number): Size => {
  if (typeof size === 'number') return Math.floor(size * factor);
  if (factor === 1) return size;
  return Number.isInteger(factor) ? multiplySizes(size, factor) : opaqueSize('scaled', size, factor);
};

const resize: TypeRule = (inputs, node, opset) => {
  const [x = {}] = inputs;
  if (x.shape === undefined) return [typed(x.dtype, undefined)];
  const factors = numbersOf(inputs[opset >= 11 && node.opType === 'Resize' ? 2 : 1]);
  const axes = intsOf(node, 'axes') ?? x.shape.map((_, i) => i);
  const sizes = x.shape.map((size, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return size;
    return inputs[3]?.value?.[i] ?? (factors?.length ? scaled(size, factors[i]!) : unknownSize(node, axis));
  });
  return [typed(x.dtype, sizes)];
};

const pad: TypeRule = (inputs, node) => {
  const [x = {}] = inputs;
  if (x.shape === undefined) return [typed(x.dtype, undefined)];
  const pads: readonly Size[] | undefined = intsOf(node, 'pads') ?? inputs[1]?.value;
  const rank = x.shape.length;
  const axes =
    numbersOf(inputs[3])?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? x.shape.map((_, i) => i);
  const sizes = x.shape.map((size, axis) => {
    const i = axes.indexOf(axis);
    if (i < 0) return size;
    if (pads === undefined) return unknownSize(node, axis);
    return addSizes(addSizes(size, pads[i]!), pads[i + axes.length]!);
  });
  return [typed(x.dtype, sizes)];
};

const blocks = (shape: readonly Size[], size: number, deep: boolean): Size[] => {
  const [n, c, h, w] = shape as [Size, Size, Size, Size];
  const area = size * size;
  return deep
    ? [n, multiplySizes(c, area), divideSizes(h, size), divideSizes(w, size)]
    : [n, divideSizes(c, area), multiplySizes(h, size), multiplySizes(w, size)];
};

const blocked =
  (deep: boolean): TypeRule =>
  ([x = {}], node) => [typed(x.dtype, x.shape && blocks(x.shape, intOf(node, 'blocksize', 1), deep))];

export const WINDOWS: Readonly<Record<string, TypeRule>> = {
  AveragePool: pool,
  Conv: conv,
  ConvTranspose: convTranspose,
  DepthToSpace: blocked(false),
  FusedConv: conv,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  LpPool: pool,
  MaxPool: pool,
  Pad: pad,
  Resize: resize,
  SpaceToDepth: blocked(true),
  Upsample: resize,
};
