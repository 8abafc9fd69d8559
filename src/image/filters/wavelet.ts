/**
 * @file The wavelet transform of a plane, and denoising by shrinking its details, as PyWavelets and scikit-image's
 * `denoise_wavelet` do it: edges mirror with the edge repeated, and the coarsest scales stay as they are.
 *
 * Source: Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage (1994); Chang, Yu and Vetterli, Adaptive
 * wavelet thresholding for image denoising and compression (2000); Daubechies, Ten lectures on wavelets (1992), table 6.1.
 */
import { paddedIndices } from '../border.ts';
import type { Size } from '../image.ts';

/** Smoothing filters of the transform, by the name that PyWavelets gives them. */
const FILTERS = {
  db1: [Math.SQRT1_2, Math.SQRT1_2],
  db2: [-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025],
  db4: [
    -0.010597401784997278, 0.032883011666982945, 0.030841381835986965, -0.18703481171888114,
    -0.02798376941698385, 0.6308807679295904, 0.7148465705525415, 0.23037781330885523,
  ],
} as const;

export type Wavelet = keyof typeof FILTERS;
export const WAVELETS = Object.keys(FILTERS) as Wavelet[];

export interface ShrinkOptions {
  readonly wavelet: Wavelet;
  /** bayes: a threshold for each scale and direction; visu: one for all, which smooths more. */
  readonly method: 'bayes' | 'visu';
  /** Standard deviation of the noise; where it is not told it is estimated from the finest details. */
  readonly sigma?: number | undefined;
  /** How often the transform is repeated; by default all but the three coarsest scales. */
  readonly levels?: number | undefined;
}

interface Plane extends Size {
  readonly values: Float64Array;
}

/** Details across, down and along both. */
type Details = readonly [Plane, Plane, Plane];

/** The denoised plane. */
export function shrunken(values: Readonly<Float64Array>, size: Size, options: ShrinkOptions): Float64Array {
  const filter = FILTERS[options.wavelet];
  const details: Details[] = [];
  let coarse: Plane = { ...size, values: Float64Array.from(values) };
  for (let level = levelsFor(size, filter.length, options.levels); level > 0; level--) {
    const parts = split(coarse, filter);
    details.push(parts.details);
    coarse = parts.coarse;
  }
  const sigma = options.sigma ?? noiseOf(details[0]![2].values);
  const universal = sigma * Math.sqrt(2 * Math.log(values.length));
  for (const three of details) {
    for (const { values: band } of three) {
      shrink(band, options.method === 'visu' ? universal : bayesThreshold(band, sigma ** 2));
    }
  }
  for (const [level, three] of [...details.entries()].reverse()) {
    coarse = joined(coarse, three, level === 0 ? size : sizeBefore(details[level - 1]!), filter);
  }
  return coarse.values;
}

const sizeBefore = ([{ width, height }]: Details): Size => ({ width, height });

function levelsFor({ width, height }: Size, length: number, wanted: number | undefined): number {
  const most = Math.floor(Math.log2(Math.min(width, height) / (length - 1)));
  return Math.max(1, wanted === undefined ? most - 3 : Math.min(wanted, most));
}

/** The median of what is not 0, over that of a normal distribution; 0 where there are no details. */
function noiseOf(details: Readonly<Float64Array>): number {
  const found = new Float64Array(details.length);
  let count = 0;
  for (let i = 0; i < details.length; i++) if (details[i] !== 0) found[count++] = Math.abs(details[i]!);
  const sorted = found.subarray(0, count).sort();
  if (sorted.length === 0) return 0;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return median / 0.6744897501960817;
}

/** The variance of the noise over the deviation of what is under it. */
function bayesThreshold(band: Readonly<Float64Array>, noise: number): number {
  let power = 0;
  for (let i = 0; i < band.length; i++) power += band[i]! ** 2;
  return noise / Math.sqrt(Math.max(power / band.length - noise, Number.EPSILON));
}

/** Towards 0 by the threshold, and no further. */
function shrink(band: Float64Array, threshold: number): void {
  for (let i = 0; i < band.length; i++) {
    band[i] = Math.sign(band[i]!) * Math.max(0, Math.abs(band[i]!) - threshold);
  }
}

// ---- the transform ---------------------------------------------------------------------------------------

function split(plane: Plane, filter: readonly number[]): { coarse: Plane; details: Details } {
  const [low, high] = halvedRows(plane, filter);
  const [coarse, down] = halvedColumns(low, filter);
  const [across, both] = halvedColumns(high, filter);
  return { coarse, details: [across, down, both] };
}

function joined(coarse: Plane, [across, down, both]: Details, size: Size, filter: readonly number[]): Plane {
  const low = wholeColumns(coarse, down, size.height, filter);
  const high = wholeColumns(across, both, size.height, filter);
  return wholeRows(low, high, size.width, filter);
}

/** The details' filter: the smoothing one backwards, with alternating signs. */
const detailFilter = (filter: readonly number[]): number[] =>
  filter.toReversed().map((value, k) => (k % 2 === 0 ? -value : value));

const empty = (width: number, height: number): Plane => ({
  width,
  height,
  values: new Float64Array(width * height),
});

/** How many smoothed values, and as many details, `count` values have. */
const halfOf = (count: number, filter: readonly number[]): number => (count + filter.length - 1) >> 1;

/** Smoothed and detail halves of each row: y[k] = sum over j of f[j] x[2 k + 1 - j]. */
function halvedRows({ width, height, values }: Plane, filter: readonly number[]): [Plane, Plane] {
  const n = filter.length;
  const half = halfOf(width, filter);
  const from = paddedIndices(width, n, 'reflect');
  const detail = detailFilter(filter);
  const [low, high] = [empty(half, height), empty(half, height)];
  for (let y = 0, to = 0; y < height; y++) {
    for (let k = 0; k < half; k++, to++) {
      let smooth = 0;
      let rest = 0;
      for (let j = 0; j < n; j++) {
        const value = values[y * width + from[n + 2 * k + 1 - j]!]!;
        smooth += filter[j]! * value;
        rest += detail[j]! * value;
      }
      low.values[to] = smooth;
      high.values[to] = rest;
    }
  }
  return [low, high];
}

/** The same of each column, a row of the result at a time: rows lie together in memory. */
function halvedColumns({ width, height, values }: Plane, filter: readonly number[]): [Plane, Plane] {
  const n = filter.length;
  const half = halfOf(height, filter);
  const from = paddedIndices(height, n, 'reflect');
  const detail = detailFilter(filter);
  const [low, high] = [empty(width, half), empty(width, half)];
  for (let k = 0; k < half; k++) {
    for (let j = 0; j < n; j++) {
      addRow(low, k, filter[j]!, values, from[n + 2 * k + 1 - j]!);
      addRow(high, k, detail[j]!, values, from[n + 2 * k + 1 - j]!);
    }
  }
  return [low, high];
}

/** Rows of a width again: x[i] = sum over k of f[n - 1 - (i + n - 2 - 2 k)] y[k], both halves added. */
function wholeRows(low: Plane, high: Plane, width: number, filter: readonly number[]): Plane {
  const n = filter.length;
  const detail = detailFilter(filter);
  const whole = empty(width, high.height);
  for (let y = 0, to = 0; y < high.height; y++) {
    for (let x = 0; x < width; x++, to++) {
      let sum = 0;
      for (let k = x >> 1; k < high.width && 2 * k <= x + n - 2; k++) {
        const j = 2 * k + 1 - x;
        if (j < 0) continue;
        sum += filter[j]! * low.values[y * low.width + k]! + detail[j]! * high.values[y * high.width + k]!;
      }
      whole.values[to] = sum;
    }
  }
  return whole;
}

/** Columns of a height again, a row of the result at a time. */
function wholeColumns(low: Plane, high: Plane, height: number, filter: readonly number[]): Plane {
  const n = filter.length;
  const detail = detailFilter(filter);
  const whole = empty(high.width, height);
  for (let y = 0; y < height; y++) {
    for (let k = y >> 1; k < high.height && 2 * k <= y + n - 2; k++) {
      const j = 2 * k + 1 - y;
      if (j < 0) continue;
      addRow(whole, y, filter[j]!, low.values, k);
      addRow(whole, y, detail[j]!, high.values, k);
    }
  }
  return whole;
}

/** Adds `factor` times a row of `values`, as wide as `to`, to a row of `to`. */
function addRow(to: Plane, row: number, factor: number, values: Readonly<Float64Array>, from: number): void {
  const { width } = to;
  for (let x = 0, a = row * width, b = from * width; x < width; x++, a++, b++) {
    to.values[a] = to.values[a]! + factor * values[b]!;
  }
}
