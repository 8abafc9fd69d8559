/** @file The triangular factor of a covariance (Cholesky), panel by panel. */
import { type Matrix, matrix, rowsOf, transposed } from './matrix.ts';
import type { Multiply } from './product.ts';
import { rowMemory } from './rows.ts';

/** Columns of a panel: enough for quick products, few enough for the loops within. */
const PANEL = 128;

/**
 * The upper triangular U with U^T U = X X^T. A pivot that is nothing but rounding stands for a direction without variance:
 * its row is 0, which is what it is in exact arithmetic.
 *
 * With L = U^T, columns J of L follow from those before them, P, by products of large matrices and loops over J alone:
 *
 *     L[J:, J] L[J, J]^T = X[J:] X[J]^T - L[J:, P] L[J, P]^T
 *
 * so that X X^T is never there as a whole, and of its two equal halves one is computed.
 */
export async function triangularFactor(x: Matrix, multiply: Multiply): Promise<Matrix> {
  const d = x.rows;
  const lower = matrix(d, d);
  const panel = panelFactors(d);
  for (let from = 0; from < d; from += PANEL) {
    const width = Math.min(PANEL, d - from);
    const rest = rowsOf(x, from, d);
    const covariance = await multiply(rest, rowsOf(rest, 0, width));
    const before = leftOf(lower, from);
    const known = from === 0 ? undefined : await multiply(before, rowsOf(before, 0, width));
    panel(lower, from, covariance, known);
  }
  return transposed(lower);
}

/** The first `at` numbers of the rows from `at` on. */
function leftOf({ rows, columns, data }: Matrix, at: number): Matrix {
  const left = matrix(rows - at, at);
  for (let i = at; i < rows; i++) left.data.set(data.subarray(i * columns, i * columns + at), (i - at) * at);
  return left;
}

/** Writes the columns of L from `from` on that belong to one panel, given the two products of the formula above. */
type PanelFactor = (lower: Matrix, from: number, covariance: Matrix, known: Matrix | undefined) => void;

function panelFactors(d: number): PanelFactor {
  const { values, row, dot } = rowMemory(d, PANEL, { alone: true });
  return (lower, from, { rows, columns: width, data: s }, known) => {
    const pivots = new Float64Array(width);
    const left = (i: number, j: number): number => s[i * width + j]! - (known?.data[i * width + j] ?? 0);
    for (let i = 0; i < rows; i++) {
      const at = row(i);
      const start = at / 8;
      // What is still to come of row i is 0, so that dot may run on behind j.
      values.fill(0, start, start + PANEL);
      for (let j = 0; j < Math.min(i, width); j++) {
        if (pivots[j]! > 0) values[start + j] = (left(i, j) - dot(at, row(j), j)) / pivots[j]!;
      }
      if (i < width) {
        const square = left(i, i) - dot(at, at, i);
        if (square > d * Number.EPSILON * s[i * width + i]!) pivots[i] = Math.sqrt(square);
        values[start + i] = pivots[i]!;
      }
      lower.data.set(values.subarray(start, start + width), (from + i) * lower.columns + from);
    }
  };
}
