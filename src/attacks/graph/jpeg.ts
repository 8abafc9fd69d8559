/**
 * @file JPEG as a graph: colour, chroma at half resolution, cosine transforms as convolutions of stride 8, rounding of
 * coefficients (straight through), and all the way back.
 *
 * It follows libjpeg including the roundings of its integer transform: at quality 95 most quanta are 1 or 2, and the
 * roundings decide every fifth coefficient. Samples are 0..255 here.
 */
import type { Size } from '../../image/image.ts';
import { text } from '../../onnx/attributes.ts';
import type { GraphBuilder } from '../../onnx/builder.ts';
import type { Value } from '../../onnx/operators.ts';
import { clamped, type GraphPicture, type GraphScope, quantised } from '../../plugin/transformation.ts';
import { alongColumns, alongRows, type Matrix, matrix } from './separable.ts';

/** ITU-T T.81, tables K.1 and K.2, row by row. */
const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/** A table at a quality of 1 to 100 (50: as it stands), as libjpeg scales it; baseline files hold at most 255. */
function quantisation(table: readonly number[], quality: number): number[] {
  const percent = quality < 50 ? Math.trunc(5000 / quality) : 200 - 2 * quality;
  return table.map((entry) => Math.min(255, Math.max(1, Math.trunc((entry * percent + 50) / 100))));
}

/** An image after JPEG compression. */
export function jpegGraph(
  scope: GraphScope,
  { value, width, height }: GraphPicture,
  { quality, subsampling }: { quality: number; subsampling: '4:4:4' | '4:2:0' },
): GraphPicture {
  const { g } = scope;
  const size = { width, height };
  const ycc = samples(g, toYcc(scope, g.Mul(value, g.scalar(255, value))));
  const luma = g.Slice(ycc, [0], [1], [1]);
  const chroma = g.Slice(ycc, [1], [3], [1]);
  const y = compressed(g, luma, size, quantisation(LUMINANCE, quality), 1);
  const table = quantisation(CHROMINANCE, quality);
  const c =
    subsampling === '4:4:4'
      ? compressed(g, chroma, size, table, 2)
      : enlarged(scope, compressed(g, halved(scope, chroma, size), half(size), table, 2), size);
  const rgb = samples(g, toRgb(scope, g.Concat([y, c], 1)));
  return { value: g.Mul(rgb, g.scalar(1 / 255, rgb)), width, height };
}

/** Values as 8 bits. Gradients pass straight through the rounding and are zero for clipped values. */
const samples = (g: GraphBuilder, value: Value): Value => quantised(g, clamped(g, value, 0, 255), 1, 'uint8');

// ---- colour (JFIF 1.02) ------------------------------------------------------------------------------------

const mixed = ({ g }: GraphScope, value: Value, rows: readonly number[], offsets: readonly number[]): Value =>
  g.Conv(value, g.constant('float32', [3, 3, 1, 1], rows), {}, g.constant('float32', [3], offsets));

const toYcc = (scope: GraphScope, value: Value): Value =>
  mixed(
    scope,
    value,
    [0.299, 0.587, 0.114, -0.168735892, -0.331264108, 0.5, 0.5, -0.418687589, -0.081312411],
    [0, 128, 128],
  );

const toRgb = (scope: GraphScope, value: Value): Value =>
  mixed(
    scope,
    value,
    [1, 0, 1.402, 1, -0.344136286, -0.714136286, 1, 1.772, 0],
    [-1.402 * 128, (0.344136286 + 0.714136286) * 128, -1.772 * 128],
  );

// ---- chroma at half resolution ---------------------------------------------------------------------------

const half = ({ width, height }: Size): Size => ({
  width: Math.ceil(width / 2),
  height: Math.ceil(height / 2),
});

/** Means of 2 x 2 px; a last odd row or column counts twice. */
function halved(scope: GraphScope, value: Value, size: Size): Value {
  const { g } = scope;
  const means = alongColumns(scope, alongRows(scope, value, pairs(size.width)), pairs(size.height));
  return samples(g, g.Add(means, alternating(g, half(size).width, -1 / 8, 1 / 8)));
}

const pairs = (n: number): Matrix =>
  matrix(Math.ceil(n / 2), n, (row, i) => {
    row[2 * i]! += 0.5;
    row[Math.min(2 * i + 1, n - 1)]! += 0.5;
  });

/** Twice as large: 3/4 of the nearest sample, 1/4 of the next one; repeated if there are fewer than three columns. */
function enlarged(scope: GraphScope, value: Value, size: Size): Value {
  const { g } = scope;
  const smooth = half(size).width > 2;
  const filter = smooth ? triangle : repetition;
  const large = alongColumns(scope, alongRows(scope, value, filter(size.width)), filter(size.height));
  return smooth ? samples(g, g.Add(large, alternating(g, size.width, 1 / 32, -1 / 32))) : large;
}

const triangle = (n: number): Matrix => {
  const last = Math.ceil(n / 2) - 1;
  return matrix(n, last + 1, (row, i) => {
    const nearest = i >> 1;
    row[nearest]! += 0.75;
    row[Math.min(last, Math.max(0, i % 2 === 0 ? nearest - 1 : nearest + 1))]! += 0.25;
  });
};

const repetition = (n: number): Matrix =>
  matrix(n, Math.ceil(n / 2), (row, i) => {
    row[i >> 1] = 1;
  });

/** libjpeg rounds ties alternately down and up, column by column: a nudge smaller than the steps of the sums. */
const alternating = (g: GraphBuilder, width: number, even: number, odd: number): Value =>
  g.constant(
    'float32',
    [width],
    Float32Array.from({ length: width }, (_, x) => (x % 2 === 0 ? even : odd)),
  );

// ---- cosine transform and quantisation -------------------------------------------------------------------

/** What is left of planes after their coefficients were rounded to multiples of the table's entries. */
function compressed(
  g: GraphBuilder,
  value: Value,
  { width, height }: Size,
  table: readonly number[],
  planes: number,
): Value {
  const margin = [0, 0, 0, 0, 0, 0, -height & 7, -width & 7];
  const [padded] = g.emit('Pad', [g.Sub(value, g.scalar(128, value)), g.ints(margin)], {
    mode: text('edge'),
  });
  const along = { kernel_shape: [1, 8], strides: [1, 8], group: planes };
  const across = { kernel_shape: [8, 1], strides: [8, 1], group: 8 * planes };
  const rows = (scale: number): Value => g.constant('float32', [8 * planes, 1, 1, 8], cosines(planes, scale));
  const columns = (scale: number): Value =>
    g.constant('float32', [64 * planes, 1, 8, 1], cosines(8 * planes, scale));

  const lines = wholeNumbers(g, g.Conv(padded!, rows(4), along));
  const coefficients = wholeNumbers(g, g.Conv(lines, columns(1 / 4), across));
  const dequantised = wholeMultiples(g, coefficients, table, planes);
  const again = wholeNumbers(g, g.ConvTranspose(dequantised, columns(4), across));
  const blocks = g.ConvTranspose(again, rows(1 / 32), along);
  const plane = g.Slice(blocks, [0, 0], [height, width], [2, 3]);
  return samples(g, g.Add(plane, g.scalar(128 + TIE, plane)));
}

/** libjpeg rounds halves up: a nudge smaller than the distance of its other values from a half. */
const TIE = 2 ** -9;

/** `count` times the eight waves of the transform along a line, which are sqrt(8) times orthonormal, times `scale`. */
function cosines(count: number, scale: number): Float32Array {
  const wave = (k: number, i: number): number =>
    k === 0 ? scale : scale * Math.SQRT2 * Math.cos(((2 * i + 1) * k * Math.PI) / 16);
  return Float32Array.from({ length: count * 64 }, (_, at) => wave((at >> 3) & 7, at & 7));
}

/** Coefficients, 8 times too large, as multiples of their quanta. Channels are by column frequency, then by row's. */
function wholeMultiples(
  g: GraphBuilder,
  coefficients: Value,
  table: readonly number[],
  planes: number,
): Value {
  const quanta = Float64Array.from(
    { length: 64 * planes },
    (_, at) => table[(at & 7) * 8 + ((at >> 3) & 7)]!,
  );
  const perChannel = (of: (quantum: number) => number): Value =>
    g.constant('float32', [64 * planes, 1, 1], quanta.map(of));
  // Halves are rounded away from zero.
  const away = 1 + 2 ** -15;
  const scaled = g.Mul(
    coefficients,
    perChannel((quantum) => away / (8 * quantum)),
  );
  return g.Mul(
    wholeNumbers(g, scaled, 0),
    perChannel((quantum) => quantum),
  );
}

/** A byte holds up to 127 only: first the multiple of 128, then the rest. Their gradients are 1 and 1 - 1. */
function wholeNumbers(g: GraphBuilder, value: Value, tie = TIE): Value {
  const nudged = tie === 0 ? value : g.Add(value, g.scalar(tie, value));
  const coarse = quantised(g, nudged, 128, 'int8');
  return g.Add(coarse, quantised(g, g.Sub(nudged, coarse), 1, 'int8'));
}
