/** @file Products of large matrices: by ONNX Runtime, whose float64 product has vectors, cache blocks and threads. */
import { builtModel, graphBuilder } from '../onnx/builder.ts';
import { declaredType } from '../onnx/infer.ts';
import type { Model, ValueInfo } from '../onnx/model.ts';
import { tensor } from '../onnx/tensor.ts';
import { openSession } from '../runtime/session.ts';
import { type Matrix, matrix, timesTransposed, transposed } from './matrix.ts';

/** Multiplications below which making a session would take longer than it saves: some 20 ms. */
const WORTH_A_SESSION = 2e7;

/** A B^T. */
export function rowProducts(a: Matrix, b: Matrix): Promise<Matrix> | Matrix {
  if (a.rows * a.columns * b.rows < WORTH_A_SESSION) return timesTransposed(a, b);
  return multiplied(a, b, { transA: 0, transB: 1 }, [a.rows, b.rows]);
}

/** A^T A. */
export function columnProducts(a: Matrix): Promise<Matrix> | Matrix {
  if (a.rows * a.columns * a.columns < WORTH_A_SESSION) {
    const columns = transposed(a);
    return timesTransposed(columns, columns);
  }
  return multiplied(a, a, { transA: 1, transB: 0 }, [a.columns, a.columns]);
}

interface Sides {
  readonly transA: 0 | 1;
  readonly transB: 0 | 1;
}

async function multiplied(
  a: Matrix,
  b: Matrix,
  sides: Sides,
  [rows, columns]: readonly [number, number],
): Promise<Matrix> {
  const session = await openSession(gemm(sides), { name: 'a product of matrices' });
  try {
    const [first, second] = [a, b].map((m) => tensor('float64', [m.rows, m.columns], m.data));
    const { product } = await session.run({ a: first!, b: second! });
    return matrix(rows, columns, product!.data as Float64Array);
  } finally {
    await session.close();
  }
}

function gemm({ transA, transB }: Sides): Model {
  const g = graphBuilder({ opset: 13 });
  const inputs: ValueInfo[] = ['a', 'b'].map((name) => ({
    name,
    dtype: 'float64',
    shape: [`${name}0`, `${name}1`],
  }));
  for (const info of inputs) g.declare(info.name, declaredType(info));
  g.append({
    name: 'product',
    opType: 'Gemm',
    domain: '',
    inputs: ['a', 'b'],
    outputs: ['product'],
    attributes: { transA: { kind: 'int', value: transA }, transB: { kind: 'int', value: transB } },
  });
  return builtModel(g, inputs, ['product']);
}
