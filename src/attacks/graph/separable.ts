/**
 * @file Linear filters along rows and columns as products with matrices: A = R X C^T.
 *
 * Row i of a matrix [out, in] holds the weights of output i. So all borders, sizes and kernels are treated alike, and the
 * adjoint is a product as well.
 */
import { type Border, paddedIndices } from '../../image/border.ts';
import type { Value } from '../../onnx/operators.ts';
import type { GraphScope } from '../../plugin/transformation.ts';

/** [rows, columns], row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** A matrix whose row i is filled by `fill`. */
export function matrix(rows: number, columns: number, fill: (row: Float32Array, i: number) => void): Matrix {
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) fill(values.subarray(i * columns, (i + 1) * columns), i);
  return { rows, columns, values };
}

/** Convolution of a line of n values with weights of odd length; beyond its ends it goes on as `border` says. */
export function convolutionMatrix(n: number, weights: ArrayLike<number>, border: Border): Matrix {
  const radius = weights.length >> 1;
  const from = paddedIndices(n, radius, border);
  return matrix(n, n, (row, i) => {
    for (let j = 0; j < weights.length; j++) row[from[i + j]!]! += weights[j]!;
  });
}

/** `value` [..., h, w] with each line along the last axis multiplied by a matrix [w', w]. */
export function alongRows({ g }: GraphScope, value: Value, { rows, columns, values }: Matrix): Value {
  const transposed = new Float32Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) transposed[j * rows + i] = values[i * columns + j]!;
  return g.MatMul(value, g.constant('float32', [columns, rows], transposed));
}

/** `value` [..., h, w] with each column multiplied by a matrix [h', h]. */
export function alongColumns({ g }: GraphScope, value: Value, { rows, columns, values }: Matrix): Value {
  return g.MatMul(g.constant('float32', [rows, columns], values), value);
}
