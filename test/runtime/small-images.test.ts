import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gradientGraph } from '../../src/autodiff/gradient.ts';
import { inputTooSmall } from '../../src/messages/index.ts';
import { ints } from '../../src/onnx/attributes.ts';
import { readModel } from '../../src/onnx/files.ts';
import { builtModel, graphBuilder } from '../../src/onnx/builder.ts';
import { sizeCheck } from '../../src/onnx/least-size.ts';
import type { Model, ValueInfo } from '../../src/onnx/model.ts';
import { type Tensor, tensor } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { describeShared } from '../shared.ts';

const image = (height: number, width: number, channels = 1): Tensor =>
  tensor(
    'float32',
    [1, channels, height, width],
    Float32Array.from({ length: channels * height * width }, (_, i) => (i % 7) / 7),
  );

/** Three windows of 3 in steps of 2, and the mean of what is left. */
function pyramid(): Model {
  const input: ValueInfo = { name: 'x', dtype: 'float32', shape: ['n', 1, 'h', 'w'] };
  const g = graphBuilder({ opset: 17, taken: ['x'] });
  g.declare('x', { dtype: 'float32', shape: ['n', 1, 'h', 'w'] });
  let value = 'x';
  for (let i = 0; i < 3; i++) {
    value = g.emit('MaxPool', [value], { kernel_shape: ints([3, 3]), strides: ints([2, 2]) })[0]!;
  }
  return builtModel(g, [input], [g.ReduceMean(value, [0, 1, 2, 3], { keepdims: false })], { opsets: {} });
}

describe('images smaller than the windows of a network', () => {
  it('are refused by a sentence that says how large they have to be', async () => {
    const session = await openSession(pyramid(), { name: 'pyramid' });
    for (const [height, width] of [
      [14, 40],
      [3, 3],
      [40, 1],
    ] as const) {
      await expect(session.run({ x: image(height, width) })).rejects.toThrow(
        /^Expected sides of at least 15 px for model 'pyramid' but received float32 \[1, 1, \d+, \d+\]: nothing is left/,
      );
    }
    const { dims } = Object.values(await session.run({ x: image(15, 15) }))[0]!;
    expect(dims).toEqual([]);
    await session.close();
  });

  it('are refused by the gradient of the network, too', async () => {
    const model = pyramid();
    const output = model.graph.outputs[0]!.name;
    const session = await openSession(gradientGraph(model, { loss: output, wrt: ['x'] }), { name: 'slope' });
    await expect(session.run({ x: image(9, 9) })).rejects.toThrow(/at least 15 px for model 'slope'/);
    await session.run({ x: image(15, 16) });
    await session.close();
  });

  it('says nothing about a graph without windows', () => {
    const g = graphBuilder({ opset: 17, taken: ['x'] });
    g.declare('x', { dtype: 'float32', shape: ['n'] });
    const model = builtModel(g, [{ name: 'x', dtype: 'float32', shape: ['n'] }], [g.Abs('x')], {
      opsets: {},
    });
    expect(sizeCheck(model).nothingLeft({ x: [0] })).toBeUndefined();
  });
});

describeShared('LPIPS on SqueezeNet', ['models', 'lpips-squeeze.onnx'], (path) => {
  it('takes sides from 17 px on, and refuses those of 3 to 16 px', async () => {
    const model = await readModel(path);
    const check = sizeCheck(model);
    const names = model.graph.inputs.map(({ name }) => name);
    const shapes = (side: number) => Object.fromEntries(names.map((name) => [name, [1, 3, side, side]]));
    for (let side = 1; side <= 16; side++)
      expect(check.nothingLeft(shapes(side)), `${side} px`).toBeDefined();
    expect(check.nothingLeft(shapes(17))).toBeUndefined();
    expect(check.leastSide(shapes(3))).toBe(17);
    const session = await openSession(model, { name: 'lpips' });
    const run = (side: number) =>
      session.run(Object.fromEntries(names.map((name) => [name, image(side, side, 3)])));
    await expect(run(12)).rejects.toThrow(/at least 17 px/);
    expect(Number.isFinite(Object.values(await run(17))[0]!.data[0])).toBe(true);
    await session.close();
  });
});

describeShared('networks', ['models', 'index.json'], (path) => {
  it.each(['squeezenet1.1.onnx', 'rivagan-encoder.onnx', 'taesd-encoder.onnx', 'bf-cnn-color.onnx'])(
    '%s has a least side',
    async (name) => {
      const model = await readModel(join(path, '..', name));
      const check = sizeCheck(model);
      const shapes = Object.fromEntries(
        model.graph.inputs.map(({ name: input, shape }) => [
          input,
          (shape ?? []).map((size, axis) =>
            typeof size === 'number' ? size : axis === 0 ? 1 : axis === 1 ? 3 : 1,
          ),
        ]),
      );
      expect(check.leastSide(shapes)).toBeGreaterThan(0);
    },
  );
});

it('the sentence names the model, what it received and where', () => {
  expect(inputTooSmall('m', 'float32 [1, 3, 4, 4]', "MaxPool 'p'", 17).message).toBe(
    "Expected sides of at least 17 px for model 'm' but received float32 [1, 3, 4, 4]: " +
      "nothing is left of them at MaxPool 'p'. Use larger images",
  );
});
