import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expected,
  misfitTensor,
  missingInputs,
  noInfluence,
  notDifferentiable,
  unknownName,
  unsupportedByTfjs,
} from '../../src/messages/index.ts';
import { readModel } from '../../src/onnx/files.ts';
import type { Model } from '../../src/onnx/model.ts';
import { fromNumbers, type NamedTensors, tensorBytes } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { gradcheck } from '../../src/runtime/gradcheck.ts';
import { goldenCases, goldenTensors, relativeError } from '../golden-gradients.ts';
import { describeShared } from '../shared.ts';
import { modelOf, node, port } from './models.ts';
import { engines, vjp } from '../../src/tfjs/engines.ts';

const f32 = (dims: number[], ...values: number[]) => fromNumbers('float32', dims, values);

/** `y = x * w`, with an input and a weight that nothing reads. */
const product: Model = modelOf({
  inputs: [port('x', ['n']), port('count', ['n'], 'int64'), port('idle', ['n'])],
  outputs: [port('y', ['n']), port('n', ['n'], 'int64')],
  nodes: [node('Mul', ['x', 'w'], ['y']), node('Identity', ['count'], ['n'])],
  initializers: [{ name: 'w', dtype: 'float32', dims: [2], raw: tensorBytes(f32([2], 3, 5)) }],
});

const inputs = { x: f32([2], 1, 2), count: fromNumbers('int64', [2], [7, 8]), idle: f32([2], 0, 0) };
const cotangents: NamedTensors = { y: f32([2], 10, 100) };

describe.each(engines)('gradients by engine %s', (engine) => {
  const ask = (request: Partial<Parameters<typeof vjp>[1]>) =>
    vjp(product, { inputs, cotangents, wrt: ['x'], ...request }, { engine, name: 'product' });

  it('come with every output, in the types of the model', async () => {
    const { outputs, gradients, cost } = await ask({ wrt: ['x', 'w'] });
    expect(outputs).toEqual({ y: f32([2], 3, 10), n: inputs.count });
    expect(gradients).toEqual({ x: f32([2], 30, 500), w: f32([2], 10, 200) });
    expect(cost.peakMemory).toBeGreaterThan(30e6);
  });

  it('take arrays of other float types, as NumPy writes them unless told', async () => {
    const { gradients } = await ask({
      inputs: { ...inputs, x: fromNumbers('float64', [2], [1, 2]) },
      cotangents: { y: fromNumbers('float64', [2], [10, 100]) },
    });
    expect(gradients).toEqual({ x: f32([2], 30, 500) });
  });

  it('refuse requests that do not fit, naming what does not', async () => {
    const sources = ['x', 'count', 'idle', 'w'];
    const refuse = (request: Parameters<typeof ask>[0], error: Error) =>
      expect(ask(request)).rejects.toThrow(error.message);
    await refuse({ wrt: ['z'] }, unknownName('input or weight', 'z', sources));
    await refuse({ wrt: ['count'] }, notDifferentiable('count', 'int64'));
    await refuse({ wrt: ['idle'] }, noInfluence('idle', ['y']));
    await refuse({ inputs: { x: inputs.x } }, missingInputs('product', ['count', 'idle']));
    await refuse({ cotangents: {} }, expected('a cotangent for at least one output', 'product', undefined));
    await refuse({ cotangents: { z: inputs.x } }, unknownName('output', 'z', ['y', 'n']));
    await refuse(
      { cotangents: { y: f32([1, 2], 1, 2) } },
      misfitTensor("the cotangent of output 'y'", 'product', 'float32 [n]', 'float32 [1, 2]'),
    );
    await refuse(
      { inputs: { ...inputs, count: f32([2], 1, 2) } },
      misfitTensor("input 'count'", 'product', 'int64 [n]', 'float32 [2]'),
    );
  });

  it('refuse a cotangent whose shape only the run can tell to be wrong', async () => {
    for (const wrong of [f32([3], 1, 2, 3), f32([1], 1)]) {
      const received = `float32 [${wrong.dims.join()}]`;
      await expect(ask({ cotangents: { y: wrong } })).rejects.toThrow(
        misfitTensor("the cotangent of output 'y'", 'product', 'float32 [2]', received).message,
      );
    }
  });
});

it('engine tfjs names an operator that it does not know', async () => {
  const model = modelOf({
    inputs: [port('x', [2])],
    outputs: [port('y', [2])],
    nodes: [node('NonZero', ['x'], ['i']), node('Mul', ['x', 'x'], ['y'])],
  });
  const request = { inputs: { x: inputs.x }, cotangents: { y: inputs.x }, wrt: ['x'] };
  await expect(vjp(model, request, { engine: 'tfjs' })).rejects.toThrow(
    unsupportedByTfjs('NonZero', 'NonZero i').message,
  );
});

describeShared('the two engines on the golden cases', ['golden', 'gradients'], (folder) => {
  it.each(goldenCases(folder))('agree on $name', async (golden) => {
    const model = await readModel(join(golden.folder, 'model.onnx'));
    const request = {
      inputs: await goldenTensors(golden, 'in', golden.inputs),
      cotangents: await goldenTensors(golden, 'ct', [golden.output]),
      wrt: golden.wrt,
    };
    const ours = await vjp(model, request, { engine: 'onnx', threads: 1 });
    const theirs = await vjp(model, request, { engine: 'tfjs' });
    for (const name of golden.wrt) {
      expect(relativeError(ours.gradients[name], theirs.gradients[name]!), name).toBeLessThan(1e-5);
    }
  });

  it.each(goldenCases(folder))('and differences confirm $name', async (golden) => {
    const model = await readModel(join(golden.folder, 'model.onnx'));
    const random = seededRandom(1);
    const { checks, passed } = await gradcheck(model, { random, wrt: golden.wrt, directions: 2, threads: 1 });
    expect(checks.filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    expect(passed).toBe(true);
    expect(new Set(checks.map(({ wrt }) => wrt))).toEqual(new Set(golden.wrt));
  });
});
