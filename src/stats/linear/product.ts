/** @file Products of large matrices: by ONNX Runtime, whose float64 product has vectors, cache blocks and threads. */
import { builtModel, graphBuilder } from '../../onnx/builder.ts';
import { declaredType } from '../../onnx/infer.ts';
import type { Model, ValueInfo } from '../../onnx/model.ts';
import { tensor } from '../../onnx/tensor.ts';
import { openSession } from '../../runtime/session.ts';
import { type Matrix, matrix, timesTransposed } from './matrix.ts';

/** A B^T, which may be asked for while another product is under way. */
export type Multiply = (a: Matrix, b: Matrix) => Promise<Matrix> | Matrix;

/** Multiplications below which making a session would take longer than it saves: some 20 ms. */
const WORTH_A_SESSION = 2e7;

/**
 * What `work` gives, with products at hand for as long as it runs.
 * @param multiplications about how many there will be in all: it alone decides who does them, so that a result is the same
 * bytes every time
 */
export async function multiplying<T>(
  multiplications: number,
  work: (multiply: Multiply) => Promise<T>,
): Promise<T> {
  if (multiplications < WORTH_A_SESSION) return work(timesTransposed);
  const session = await openSession(product(), { name: 'a product of matrices' });
  try {
    return await work(async (a, b) => {
      const [first, second] = [a, b].map((m) => tensor('float64', [m.rows, m.columns], m.data));
      const { product } = await session.run({ a: first!, b: second! });
      return matrix(a.rows, b.rows, product!.data as Float64Array);
    });
  } finally {
    await session.close();
  }
}

function product(): Model {
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
    attributes: { transA: { kind: 'int', value: 0 }, transB: { kind: 'int', value: 1 } },
  });
  return builtModel(g, inputs, ['product']);
}
