/**
 * @file What keeps images [N, C, H, W] in the blocked layout that ONNX Runtime's CPU convolutions work in.
 *
 * It keeps that layout through Conv, pools, Relu, Sigmoid, Tanh, Add and Mul of equal shapes, and Concat of channels;
 * everything else makes it reorder the whole tensor, there and back. The forms here cost less than that, and mean the
 * same on every device.
 */
import type { Value } from '../../onnx/operators.ts';
import type { Size } from '../../onnx/sizes.ts';
import type { Tape } from '../tape.ts';

/** Channels of a float32 image that has a whole number of blocks; undefined for anything else. */
export function blockedChannels(g: Tape, x: Value): number | undefined {
  const { dtype, shape } = g.typeOf(x);
  const channels = shape?.[1];
  const fits =
    shape?.length === 4 && typeof channels === 'number' && channels % 16 === 0 && dtype === 'float32';
  return fits ? channels : undefined;
}

/** `x` by way of a depthwise convolution with ones: a copy in the blocked layout. */
function copied(g: Tape, x: Value, channels: number): Value {
  const ones = g.constant('float32', [channels, 1, 1, 1], Array<number>(channels).fill(1));
  return g.Conv(x, ones, { kernel_shape: [1, 1], group: channels });
}

/** So steep that `HardSigmoid` is a step: 0 for x <= 0, and 1 for x > 1e-30. */
const STEEP = 2 ** 100;

/** 1 where x > 0, else 0, in the element type of x. */
export function step(g: Tape, x: Value): Value {
  const channels = blockedChannels(g, x);
  // A convolution takes the activation along at no cost; alone it would be computed outside the blocked layout.
  if (channels !== undefined) return g.HardSigmoid(copied(g, x, channels), STEEP, 0);
  return g.mask(g.Greater(x, g.scalar(0, x)), x);
}

/** One spatial axis of a strided convolution: kernel size, stride, padding at its begin, input and output size. */
export interface StridedAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly begin: number;
  readonly size: Size;
  /** Output size less `ceil(size / stride)`; undefined if that depends on the size. */
  readonly surplus: number | undefined;
}

/** The taps that reach the positions `stride u + v` of the input, by offset to u. */
interface Phase {
  /** Index in the kernel of the tap at the last offset; earlier offsets are `stride` further on. */
  readonly first: number;
  readonly taps: number;
  /** The last offset. */
  readonly last: number;
}

/**
 * Position i = s u + v of the input meets output o by tap k where s o + k = i + begin: with i + begin = s q + r,
 * the taps are k = r + s m, and o = q - m.
 */
const phaseOf = ({ kernel, stride, begin }: StridedAxis, v: number): Phase => {
  const first = (v + begin) % stride;
  return { first, taps: Math.ceil((kernel - first) / stride), last: Math.floor((v + begin) / stride) };
};

const phasesOf = (axis: StridedAxis): Phase[] =>
  Array.from({ length: axis.stride }, (_, v) => phaseOf(axis, v));

/** Whether `subpixelAdjoint` applies to an axis: every phase has taps, and sizes work out whatever the input's. */
export function isSubpixel(axis: StridedAxis): boolean {
  const phases = phasesOf(axis);
  if (axis.surplus === undefined || phases.some(({ taps }) => taps < 1)) return false;
  const first = Math.min(...phases.map(({ last, taps }) => last - taps + 1));
  const last = Math.max(...phases.map((phase) => phase.last));
  return (
    first <= 0 &&
    phases.every((phase) => phase.last - phase.taps + 1 <= 0 && phase.last >= axis.surplus!) &&
    last >= 0
  );
}

/**
 * The input gradient of a strided convolution in sub-pixel form: every phase of the input has taps of its own, so a
 * convolution of stride 1 for each phase of the rows gives the phases of the columns as groups of channels, and the
 * phases are then interleaved, channels last, where they are rows of memory.
 */
export function subpixelAdjoint(
  g: Tape,
  ct: Value,
  x: Value,
  w: Value,
  [rows, columns]: readonly [StridedAxis, StridedAxis],
): Value {
  const channels = g.shape(x)[1] as number;
  const columnPhases = phasesOf(columns);
  const from = Math.min(...columnPhases.map(({ last, taps }) => last - taps + 1));
  const to = Math.max(...columnPhases.map(({ last }) => last));
  const bands = phasesOf(rows).map((row) => {
    const kernels = columnPhases.map((column) => {
      const taps = phaseKernel(g, w, row, rows.stride, column, columns.stride);
      return g.Pad(taps, [0, 0, 0, column.last - column.taps + 1 - from, 0, 0, 0, to - column.last]);
    });
    const pads = [row.taps - 1 - row.last, -from, row.last - rows.surplus!, to - columns.surplus!];
    const band = g.Conv(ct, g.Concat(kernels, 0), { kernel_shape: [row.taps, to - from + 1], pads });
    const lastly = g.Transpose(band, [0, 2, 3, 1]);
    return g.Reshape(lastly, g.vector([g.sizeOf(lastly, 0), g.sizeOf(lastly, 1), 1, -1]));
  });
  const [n, h, wide] = [
    g.sizeOf(x, 0),
    ...[rows, columns].map((axis) => roundedUp(g, x, axis, axis === rows ? 2 : 3)),
  ];
  const whole = g.Reshape(g.Concat(bands, 2), g.vector([n, h!, wide!, channels]));
  const odd = [rows, columns].flatMap(({ size, stride }, i) =>
    typeof size === 'number' && size % stride === 0 ? [] : [i + 1],
  );
  const ends = odd.map((axis) => g.sizeOf(x, axis + 1));
  const cut =
    odd.length === 0
      ? whole
      : g.Slice(
          whole,
          odd.map(() => 0),
          g.vector(ends),
          odd,
        );
  // What follows adds and multiplies: it stays in the blocked layout if it begins there.
  return copied(g, g.Transpose(cut, [0, 3, 1, 2]), channels);
}

/** [I, O, row taps, column taps]: the taps of one phase, turned around, channels exchanged. */
function phaseKernel(
  g: Tape,
  w: Value,
  row: Phase,
  rowStride: number,
  column: Phase,
  columnStride: number,
): Value {
  const start = (phase: Phase, stride: number): number => phase.first + stride * (phase.taps - 1);
  const starts = [start(row, rowStride), start(column, columnStride)];
  const far = -(2 ** 31);
  return g.Transpose(g.Slice(w, starts, [far, far], [2, 3], [-rowStride, -columnStride]), [1, 0, 2, 3]);
}

/** The size of an axis, rounded up to a multiple of the stride. */
function roundedUp(g: Tape, x: Value, { size, stride }: StridedAxis, axis: number): number | Value {
  if (typeof size === 'number') return Math.ceil(size / stride) * stride;
  const count = g.Div(g.Add(g.sizeOf(x, axis), g.ints([stride - 1])), g.ints([stride]));
  return g.Mul(count, g.ints([stride]));
}
