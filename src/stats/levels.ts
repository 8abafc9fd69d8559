/**
 * @file Means of values that were replicated on several levels: images within artists, prompts crossed with trainings. Values
 * of one artist are alike, and so are values of one training; a variance that takes them for independent is too small.
 *
 * The variance of a mean over crossed or nested levels (Cameron, Gelbach and Miller 2011, multiway clustering): for each set S
 * of levels, values that share their units on all levels of S form a cluster, and
 *
 *     V = sum over S of (-1)^(|S| + 1) V_S,   V_S = G / (G - 1) sum over clusters c of (sum over i in c of (x_i - mean))^2 / n^2
 *
 * with G clusters. A level whose units lie within the units of another one adds nothing to it, and is left out.
 */
import { groupBy } from './group.ts';

/** For each level, the unit that each value belongs to. */
export type Levels = readonly (readonly string[])[];

/** Means of several columns over the same rows, and how far chance moves them. */
export interface Means {
  readonly means: readonly number[];
  /** Covariance of the means. */
  readonly covariance: readonly (readonly number[])[];
  /** Degrees of freedom of the variances, after Satterthwaite; 0 if a level has one unit, and there is no variance. */
  readonly df: number;
}

/** The means of columns whose rows belong to the units of `levels`. All values are finite. */
export function meansOver(columns: readonly ArrayLike<number>[], levels: Levels): Means {
  const n = columns[0]!.length;
  const means = columns.map((column) => Array.from(column).reduce((sum, value) => sum + value, 0) / n);
  const residuals = columns.map((column, c) => Array.from(column, (value) => value - means[c]!));
  const outer = withoutNested(levels);
  const single = outer.map((level) => clustered(residuals, level));
  if (n < 2 || single.some(({ clusters }) => clusters < 2)) {
    return { means, covariance: means.map(() => means.map(() => Number.NaN)), df: 0 };
  }
  const covariance = combined(residuals, outer, single);
  return { means, covariance, df: degreesOfFreedom(covariance, single) };
}

/** The levels whose units do not each lie within one unit of another level; of two equal levels the first. */
function withoutNested(levels: Levels): Levels {
  const lies = (inner: readonly string[], outer: readonly string[]): boolean => {
    const places = new Map<string, string>();
    for (const [i, unit] of inner.entries()) {
      if ((places.get(unit) ?? outer[i]!) !== outer[i]!) return false;
      places.set(unit, outer[i]!);
    }
    return true;
  };
  return levels.filter(
    (level, i) => !levels.some((other, k) => k !== i && lies(level, other) && (k < i || !lies(other, level))),
  );
}

type Matrix = readonly (readonly number[])[];

interface Clustered {
  readonly clusters: number;
  readonly covariance: Matrix;
}

/** V_S of one clustering. */
function clustered(residuals: readonly (readonly number[])[], units: readonly string[]): Clustered {
  const n = units.length;
  const rows = units.map((_, i) => i);
  const groups = [...groupBy(rows, (i) => units[i]!).values()];
  const sums = residuals.map((column) =>
    groups.map((group) => group.reduce((sum, i) => sum + column[i]!, 0)),
  );
  const scale = groups.length / (groups.length - 1) / n ** 2;
  const covariance = sums.map((a) =>
    sums.map((b) => scale * a.reduce((sum, value, g) => sum + value * b[g]!, 0)),
  );
  return { clusters: groups.length, covariance };
}

/**
 * The signed sum over sets of levels. Where chance makes it smaller than the variance of one level alone, that level's stands:
 * further levels cannot make a mean more certain.
 */
function combined(
  residuals: readonly (readonly number[])[],
  levels: Levels,
  single: readonly Clustered[],
): Matrix {
  let total = residuals.map(() => residuals.map(() => 0));
  for (let set = 1; set < 2 ** levels.length; set++) {
    const chosen = levels.filter((_, level) => (set >> level) & 1);
    const units = chosen[0]!.map((_, i) => JSON.stringify(chosen.map((level) => level[i])));
    const { covariance } = clustered(residuals, units);
    const sign = chosen.length % 2 === 1 ? 1 : -1;
    total = total.map((row, a) => row.map((value, b) => value + sign * covariance[a]![b]!));
  }
  const trace = (matrix: Matrix): number => matrix.reduce((sum, row, i) => sum + row[i]!, 0);
  const largest = single.map(({ covariance }) => covariance).sort((a, b) => trace(b) - trace(a))[0]!;
  return total.some((row, c) => row[c]! < largest[c]![c]!) ? largest : total;
}

/** Satterthwaite's: V^2 / sum over levels of V_level^2 / (G - 1), between the fewest and the most units less 1; the least over columns. */
function degreesOfFreedom(covariance: Matrix, single: readonly Clustered[]): number {
  const limits = single.map(({ clusters }) => clusters - 1);
  const each = covariance.map((row, c) => {
    const parts = single.map((level) => level.covariance[c]![c]! ** 2 / (level.clusters - 1));
    const df = row[c]! ** 2 / parts.reduce((sum, part) => sum + part, 0);
    return Number.isFinite(df) ? df : Math.min(...limits);
  });
  return Math.max(Math.min(...limits), Math.min(...each, Math.max(...limits)));
}
