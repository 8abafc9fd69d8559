import { describe, expect, it } from 'vitest';
import type { Model, StoredTensor } from '../../src/onnx/model.ts';
import { loadStored } from '../../src/onnx/stored.ts';
import { fromNumbers, tensor, tensorBytes, toFloat32 } from '../../src/onnx/tensor.ts';
import { withWideWeights } from '../../src/onnx/transforms/widen.ts';
import { seededRandom } from '../../src/random.ts';
import { gradcheck } from '../../src/runtime/gradcheck.ts';
import { openSession } from '../../src/runtime/session.ts';
import { modelOf, node, port } from '../runtime/models.ts';

const random = seededRandom(3);
const weights = Array.from({ length: 12 }, () => random.normal());
const half: StoredTensor = {
  name: 'w.half',
  dtype: 'float16',
  dims: [3, 4],
  raw: tensorBytes(fromNumbers('float16', [3, 4], weights)),
};
const toSingle = { to: { kind: 'int', value: 1 } } as const;

const stored: Model = modelOf({
  inputs: [port('x', ['n', 3])],
  outputs: [port('y', ['n', 4])],
  initializers: [half],
  nodes: [node('Cast', ['w.half'], ['w'], toSingle), node('MatMul', ['x', 'w'], ['y'])],
});

describe('weights stored as halves', () => {
  const wide = withWideWeights(stored);

  it('become the single-precision weights that the model computes with', () => {
    expect(wide.graph.nodes.map(({ opType }) => opType)).toEqual(['MatMul']);
    expect(wide.graph.initializers.map(({ name, dtype }) => [name, dtype])).toEqual([['w', 'float32']]);
    const values = loadStored(wide.graph.initializers[0]!, undefined)!;
    expect(values.data).toEqual(toFloat32(loadStored(half, undefined)!));
  });

  it('give the same outputs', async () => {
    const x = tensor(
      'float32',
      [2, 3],
      Float32Array.from({ length: 6 }, () => random.normal()),
    );
    const outputs = [];
    for (const model of [stored, wide]) {
      const session = await openSession(model, {});
      outputs.push((await session.run({ x })).y!.data);
      await session.close();
    }
    expect(outputs[0]).toEqual(outputs[1]);
  });

  it('stay where something else reads them, too', () => {
    const both = modelOf({
      inputs: [port('x', ['n', 3])],
      outputs: [port('y', ['n', 4]), port('w.half', [3, 4], 'float16')],
      initializers: [half],
      nodes: stored.graph.nodes,
    });
    expect(withWideWeights(both).graph.initializers.map(({ name }) => name)).toEqual(['w.half', 'w']);
  });

  it('are checked against differences as single-precision weights', async () => {
    const { checks, passed } = await gradcheck(stored, { random: seededRandom(1) });
    expect(passed).toBe(true);
    expect(new Set(checks.map(({ wrt }) => wrt))).toEqual(new Set(['x', 'w']));
  });

  it('leave a model without them as it is', () => {
    expect(withWideWeights(wide)).toBe(wide);
  });
});
