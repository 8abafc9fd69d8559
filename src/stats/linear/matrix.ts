/** @file The little linear algebra that set distances need, in float64: products and the nuclear norm. */
import { BANDS, rowMemory } from './rows.ts';

/** A dense matrix, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** `rows * columns` numbers. */
  readonly data: Float64Array;
}

export const matrix = (
  rows: number,
  columns: number,
  data: Float64Array = new Float64Array(rows * columns),
): Matrix => ({ rows, columns, data });

/** Rows `from` to before `to`, not a copy. */
export const rowsOf = ({ columns, data }: Matrix, from: number, to: number): Matrix =>
  matrix(to - from, columns, data.subarray(from * columns, to * columns));

export function transposed({ rows, columns, data }: Matrix): Matrix {
  const result = matrix(columns, rows);
  const out = result.data;
  for (let top = 0; top < rows; top += SQUARE) {
    const bottom = Math.min(top + SQUARE, rows);
    for (let left = 0; left < columns; left += SQUARE) {
      for (let j = left; j < Math.min(left + SQUARE, columns); j++) {
        for (let i = top; i < bottom; i++) out[j * rows + i] = data[i * columns + j]!;
      }
    }
  }
  return result;
}

/** Side of the squares that are transposed one by one: what is read and what is written both stay in the first cache. */
const SQUARE = 8;

/** Sum of x[from + k] y[start + k] over k < n, in four sums, so that no addition waits for the one before. */
function dot(x: Float64Array, from: number, y: Float64Array, start: number, n: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < n; k += 4) {
    s0 += x[from + k]! * y[start + k]!;
    s1 += x[from + k + 1]! * y[start + k + 1]!;
    s2 += x[from + k + 2]! * y[start + k + 2]!;
    s3 += x[from + k + 3]! * y[start + k + 3]!;
  }
  for (; k < n; k++) s0 += x[from + k]! * y[start + k]!;
  return s0 + s1 + (s2 + s3);
}

/** Columns taken at a time: four rows of them stay in the first cache. */
const PANEL = 512;

/** A B^T: all dot products of the rows of `a` with the rows of `b`. Of A A^T only one half is computed. */
export function timesTransposed(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.rows);
  for (let from = 0; from < a.columns; from += PANEL) {
    const n = Math.min(PANEL, a.columns - from);
    for (let i = 0; i < a.rows; i += TILE) {
      for (let j = a === b ? i : 0; j < b.rows; j += TILE) addTile(a, b, result, { i, j, from, n });
    }
  }
  if (a === b) mirror(result);
  return result;
}

const TILE = 4;

interface Tile {
  readonly i: number;
  readonly j: number;
  readonly from: number;
  readonly n: number;
}

/** Adds the dot products of four rows of `a` and four of `b` over one panel; named sums stay in registers. */
function addTile(a: Matrix, b: Matrix, result: Matrix, { i, j, from, n }: Tile): void {
  if (i + TILE > a.rows || j + TILE > b.rows) {
    addEdge(a, b, result, { i, j, from, n });
    return;
  }
  const [x, y, out, width] = [a.data, b.data, result.data, result.columns];
  for (let half = 0; half < TILE; half += 2) {
    let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
    let p0 = (i + half) * a.columns + from;
    let p1 = p0 + a.columns;
    let q0 = j * b.columns + from;
    let q1 = q0 + b.columns;
    let q2 = q1 + b.columns;
    let q3 = q2 + b.columns;
    for (const end = p0 + n; p0 < end; ) {
      const x0 = x[p0++]!;
      const x1 = x[p1++]!;
      const y0 = y[q0++]!;
      const y1 = y[q1++]!;
      const y2 = y[q2++]!;
      const y3 = y[q3++]!;
      s00 += x0 * y0;
      s01 += x0 * y1;
      s02 += x0 * y2;
      s03 += x0 * y3;
      s10 += x1 * y0;
      s11 += x1 * y1;
      s12 += x1 * y2;
      s13 += x1 * y3;
    }
    const at = (i + half) * width + j;
    out[at]! += s00;
    out[at + 1]! += s01;
    out[at + 2]! += s02;
    out[at + 3]! += s03;
    out[at + width]! += s10;
    out[at + width + 1]! += s11;
    out[at + width + 2]! += s12;
    out[at + width + 3]! += s13;
  }
}

function addEdge(a: Matrix, b: Matrix, result: Matrix, { i, j, from, n }: Tile): void {
  for (let row = i; row < Math.min(i + TILE, a.rows); row++) {
    for (let column = j; column < Math.min(j + TILE, b.rows); column++) {
      result.data[row * result.columns + column]! += dot(
        a.data,
        row * a.columns + from,
        b.data,
        column * b.columns + from,
        n,
      );
    }
  }
}

function mirror({ rows, columns, data }: Matrix): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) data[i * columns + j] = data[j * columns + i]!;
}

/**
 * The nuclear norm: the sum of the singular values.
 *
 * Householder reflections make the matrix bidiagonal; the singular values of a bidiagonal matrix with entries
 * d1 e1 d2 e2 ... are the positive eigenvalues of the symmetric tridiagonal matrix with diagonal 0 and exactly these
 * entries beside it (Golub and Kahan 1965). No square is ever formed, so small values are as exact as large ones.
 */
export function nuclearNorm(m: Matrix): number {
  const beside = bidiagonal(m.rows >= m.columns ? m : transposed(m));
  const eigenvalues = tridiagonalEigenvalues(new Float64Array(beside.length + 1), beside);
  return eigenvalues.reduce((sum, value) => sum + Math.abs(value), 0) / 2;
}

/**
 * The entries d1 e1 d2 ... dn of a bidiagonal matrix with the singular values of `a`; rows >= columns. Each step k
 * reflects column k, then row k. The matrix is passed over once a step: while a row is in the cache it takes both
 * reflections and adds its share to the next step's products of column k + 1 with the others.
 */
function bidiagonal({ rows, columns: n, data }: Matrix): Float64Array {
  const entries = new Float64Array(Math.max(0, 2 * n - 1));
  const { values, row, add, reflecting } = rowMemory(rows + 3 + BANDS, n);
  for (let i = 0; i < rows; i++) values.set(data.subarray(i * n, (i + 1) * n), row(i) / 8);
  const [w, u, products, parts] = [row(rows), row(rows + 1), row(rows + 2), row(rows + 3)];
  const partBytes = row(1) - row(0);
  for (let i = 0; i < rows; i++) add(row(i), products, values[row(i) / 8]!, n); // of column 0 with every column
  return reflecting((reflect) => {
    for (let k = 0; k < n; k++) {
      const top = row(k) / 8;
      const [d, pivot, beta] = reflector(values[top + k]!, values[products / 8 + k]!);
      entries[2 * k] = d;
      let square = 0;
      for (let j = k + 1; j < n; j++) {
        values[w / 8 + j] = beta * (values[products / 8 + j]! - d * values[top + j]!);
        values[u / 8 + j] = values[top + j]! - pivot * values[w / 8 + j]!;
        square += values[u / 8 + j]! ** 2;
      }
      if (k + 1 === n) break;
      const [e, first, gamma] = reflector(values[u / 8 + k + 1]!, square);
      entries[2 * k + 1] = e;
      values[u / 8 + k + 1] = first;
      const [rest, length] = [8 * (k + 1), n - k - 1]; // of each row: what is not done yet
      const vectors = { w: w + rest, u: u + rest, z: parts + rest };
      const bands = reflect(row(k + 1) + rest, rows - k - 1, gamma, vectors, length);
      values.copyWithin((products + rest) / 8, (parts + rest) / 8, (parts + rest) / 8 + length);
      for (let band = 1; band < bands; band++)
        add(parts + band * partBytes + rest, products + rest, 1, length);
    }
    return entries;
  });
}

/** The reflection of x onto -sign(x0) |x| e1: that length, the first entry of v = x + sign(x0) |x| e1, and 2 / v.v. */
function reflector(first: number, square: number): readonly [length: number, pivot: number, scale: number] {
  const norm = Math.sqrt(square);
  if (norm === 0) return [0, 0, 0];
  const length = first < 0 ? norm : -norm;
  return [length, first - length, 1 / (norm * (norm + Math.abs(first)))];
}

/** Eigenvalues of a symmetric tridiagonal matrix, unsorted, by implicit QL with Wilkinson's shift; both arrays are overwritten. */
function tridiagonalEigenvalues(diagonal: Float64Array, beside: Float64Array): Float64Array {
  const [d, n] = [diagonal, diagonal.length];
  const e = new Float64Array(n);
  e.set(beside);
  // Beside the norm, not the neighbours: with a zero diagonal there is nothing else to be small against.
  const negligible = Number.EPSILON * e.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let l = 0; l < n; l++) {
    for (;;) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > negligible) m++;
      if (m === l) break;
      sweep(d, e, l, m);
    }
  }
  return d;
}

/** One QL sweep over the block l..m: a rotation into the block's end by the shift, and its bulge chased to l. */
function sweep(d: Float64Array, e: Float64Array, l: number, m: number): void {
  const slope = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const root = Math.hypot(slope, 1);
  let g = d[m]! - d[l]! + e[l]! / (slope + (slope < 0 ? -root : root));
  let [sine, cosine, moved] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= moved; // the block splits here
      e[m] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1]! - moved;
    const t = (d[i]! - g) * sine + 2 * cosine * b;
    moved = sine * t;
    d[i + 1] = g + moved;
    g = cosine * t - b;
  }
  d[l]! -= moved;
  e[l] = g;
  e[m] = 0;
}
