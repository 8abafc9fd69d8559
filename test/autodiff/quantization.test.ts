import { describe, expect, it } from 'vitest';
import { cotangentName, gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { int } from '../../src/onnx/attributes.ts';
import { builtModel, type GraphBuilder, graphBuilder } from '../../src/onnx/builder.ts';
import type { Value } from '../../src/onnx/operators.ts';
import { fromNumbers, toFloat64 } from '../../src/onnx/tensor.ts';
import { rounded } from '../../src/plugin/transformation.ts';
import { openSession } from '../../src/runtime/session.ts';

/** The gradient by `x` of a graph's only output, for the cotangent 1, 2, 3, ... */
async function gradientAt(
  dims: readonly number[],
  values: readonly number[],
  build: (g: GraphBuilder, x: Value) => Value,
): Promise<number[]> {
  const g = graphBuilder({ opset: 21, taken: ['x'] });
  g.declare('x', { dtype: 'float32', shape: dims });
  const y = build(g, 'x');
  const model = builtModel(g, [{ name: 'x', dtype: 'float32', shape: dims }], [y], { opsets: {} });
  const [output] = model.graph.outputs;
  const session = await openSession(gradientGraph(model, { cotangent: [output!.name], wrt: ['x'] }));
  const ct = fromNumbers(
    'float32',
    dims,
    values.map((_, i) => i + 1),
  );
  const results = await session.run({
    x: fromNumbers('float32', dims, values),
    [cotangentName(output!.name)]: ct,
  });
  await session.close();
  return [...toFloat64(results[gradientName('x')]!)];
}

const there = (g: GraphBuilder, x: Value, scale: Value, zero: Value, axis?: number): Value => {
  const [level] = g.emit('QuantizeLinear', [x, scale, zero], axis === undefined ? {} : { axis: int(axis) });
  return g.DequantizeLinear(level!, scale, zero, axis);
};

describe('the gradient of a quantised value', () => {
  it('is zero outside the range of the integers and passes inside, as in torch.fake_quantize', async () => {
    const found = await gradientAt([6], [-1, -0.004, 0, 1.5, 25.5, 30], (g, x) =>
      there(g, x, g.constant('float32', [], [0.1]), g.constant('uint8', [], [0])),
    );
    expect(found).toEqual([0, 2, 3, 4, 5, 0]); // -0.004 rounds to 0, which the integers hold
  });

  it('looks at the zero point', async () => {
    const found = await gradientAt([4], [-14, -12, 11, 13], (g, x) =>
      there(g, x, g.constant('float32', [], [0.1]), g.constant('int8', [], [5])),
    );
    expect(found).toEqual([0, 2, 3, 0]); // -133 / 10 to 122 / 10
  });

  it('has a range for each channel', async () => {
    const found = await gradientAt([2, 2], [20, 200, 20, 200], (g, x) =>
      there(g, x, g.constant('float32', [2], [0.1, 1]), g.constant('int8', [2], [0, 0]), 0),
    );
    expect(found).toEqual([0, 0, 3, 0]);
    const columns = await gradientAt([2, 2], [20, 200, 20, 100], (g, x) =>
      there(g, x, g.constant('float32', [2], [1, 1]), g.constant('uint8', [2], [0, 100]), 1),
    );
    expect(columns).toEqual([1, 0, 3, 4]);
  });

  it('is that of uint8 without a zero point', async () => {
    const found = await gradientAt([3], [-1, 1, 300], (g, x) => {
      const scale = g.constant('float32', [], [1]);
      return g.DequantizeLinear(g.emit('QuantizeLinear', [x, scale])[0]!, scale);
    });
    expect(found).toEqual([0, 2, 0]);
  });
});

describe('the gradient of Clip', () => {
  it('is zero on the bounds, as PyTorch has it since 2.14', async () => {
    const found = await gradientAt([5], [-1, 0, 0.5, 1, 2], (g, x) =>
      g.Clip(x, g.constant('float32', [], [0]), g.constant('float32', [], [1])),
    );
    expect(found).toEqual([0, 0, 3, 0, 0]);
  });
});

describe('the gradient of an image that is rounded to 8 bits', () => {
  it('passes at black and white, and is zero beyond them', async () => {
    const found = await gradientAt([5], [-0.1, 0, 0.5, 1, 1.1], (g, x) => rounded(g, x));
    expect(found).toEqual([0, 2, 3, 4, 0]);
  });
});
