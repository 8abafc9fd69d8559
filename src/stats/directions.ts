/** @file Vectors compared by angle: unit vectors, the mean direction of a class, and the nearest class mean. */

/** The dot product, summed in order. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** v / |v|, in double precision. */
export function unitVector(vector: Float32Array): Float64Array {
  const length = Math.hypot(...vector);
  return Float64Array.from(vector, (value) => value / length);
}

/** The direction of the mean of unit vectors: their sum, whose length means nothing. Empty if there are none. */
export function meanDirection(units: readonly ArrayLike<number>[]): Float32Array {
  const sum = new Float32Array(units[0]?.length ?? 0);
  for (const unit of units) for (let i = 0; i < sum.length; i++) sum[i]! += unit[i]!;
  return sum;
}

/** The cosine of the angle between two vectors, -1..1; NaN if one is 0 and has no direction. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return ab / Math.sqrt(aa * bb);
}

/**
 * The nearest class mean (Mensink et al. 2013): argmax over classes c of cos(v, mean over y in c of y / |y|). Equal classes:
 * the first. undefined if no class has a cosine with `vector`.
 */
export function nearestMean<K>(
  vector: Float32Array,
  classes: ReadonlyMap<K, readonly Float32Array[]>,
): K | undefined {
  let [nearest, most]: [K | undefined, number] = [undefined, -Infinity];
  for (const [name, vectors] of classes) {
    const likeness = cosine(vector, meanDirection(vectors.map(unitVector)));
    if (likeness > most) [nearest, most] = [name, likeness];
  }
  return nearest;
}
