/** @file Sets of features, checked: what every set distance starts from. */
import { constantFeatures, differentFeatures, unequalSets, unusableFeatures } from '../../messages/index.ts';
import { type Matrix, matrix } from '../linear/matrix.ts';

/** A set of n >= 2 finite feature vectors that are not all equal. */
export interface FeatureSet {
  /** What errors call it: a file, or an arm. */
  readonly name: string;
  /** `[n, d]` */
  readonly features: Matrix;
}

/** Checks `[n, d]` numbers. @throws USAGE naming the set, the row and the column */
export function featureSet(name: string, dims: readonly number[], data: Float64Array): FeatureSet {
  const [n, d] = dims;
  if (n === undefined || d === undefined || dims.length !== 2 || d === 0)
    throw unusableFeatures(name, `expected a matrix [n, d] but its shape is [${dims.join(', ')}]`);
  if (n < 2) throw unusableFeatures(name, `expected at least 2 rows, one an image, but it has ${n}`);
  const odd = data.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0)
    throw unusableFeatures(name, `${data[odd]} stands in row ${Math.floor(odd / d)}, column ${odd % d}`);
  if (data.every((value, i) => value === data[i % d])) throw constantFeatures(name, n);
  return { name, features: matrix(n, d, data) };
}

/** @throws USAGE if two sets cannot be compared: other features, or another n, which every distance depends on */
export function checkComparable(
  a: FeatureSet,
  b: FeatureSet,
  { allowUnequal = false }: { readonly allowUnequal?: boolean } = {},
): void {
  const [first, second] = [a.features, b.features];
  if (first.columns !== second.columns)
    throw differentFeatures(a.name, first.columns, b.name, second.columns);
  if (first.rows !== second.rows && !allowUnequal) throw unequalSets(a.name, first.rows, b.name, second.rows);
}
