import { describe, expect, it } from 'vitest';
import { mismatchedJoin, unknownName } from '../../src/messages/index.ts';
import { builtModel, graphBuilder } from '../../src/onnx/builder.ts';
import { compose } from '../../src/onnx/transforms/compose.ts';
import type { Model } from '../../src/onnx/model.ts';
import { fromNumbers, toFloat64 } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';

/** `y = factor x + shift`, with names that any two of these models share. */
function affine(
  factor: number,
  { opset = 17, input = 'x', output = 'y', size = 'n' as string | number } = {},
): Model {
  const g = graphBuilder({ opset, taken: [input, 'shift'] });
  g.declare(input, { dtype: 'float32', shape: [size] });
  g.declare('shift', { dtype: 'float32', shape: [] });
  g.append({
    name: 'last',
    opType: 'Add',
    domain: '',
    inputs: [g.Mul(input, g.scalar(factor, input)), 'shift'],
    outputs: [output],
    attributes: {},
  });
  const inputs = [
    { name: input, dtype: 'float32', shape: [size] },
    { name: 'shift', dtype: 'float32', shape: [] },
  ] as const;
  return builtModel(g, inputs, [output]);
}

const vector = (...values: number[]) => fromNumbers('float32', [values.length], values);
const scalar = (value: number) => fromNumbers('float32', [], [value]);

describe('compose', () => {
  it('feeds one model into the next, with one input where both have it', async () => {
    const model = compose(affine(2), affine(10), { join: { x: 'y' } });
    expect(model.graph.inputs.map(({ name }) => name)).toEqual(['x', 'shift']);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['y', 'b.y']);
    const session = await openSession(model);
    const { y, 'b.y': z } = await session.run({ x: vector(1, 2), shift: scalar(3) });
    await session.close();
    expect([...toFloat64(y!)]).toEqual([5, 7]);
    expect([...toFloat64(z!)]).toEqual([53, 73]);
  });

  it('keeps names apart, of models too that come out of joints themselves', async () => {
    const twice = compose(affine(2), affine(10), { join: { x: 'y' }, outputs: ['b.y'] });
    const model = compose(twice, twice, { join: { x: 'b.y' }, outputs: ['b.b.y'] });
    const { nodes } = model.graph;
    for (const names of [nodes.map(({ name }) => name), nodes.flatMap(({ outputs }) => outputs)]) {
      expect(new Set(names).size).toBe(names.length);
    }
    const session = await openSession(model);
    const results = await session.run({ x: vector(1), shift: scalar(1) });
    await session.close();
    expect([...toFloat64(results['b.b.y']!)]).toEqual([631]);
  });

  it('joins equal names by itself, raises the older operator set and keeps only what is asked for', async () => {
    const model = compose(affine(2, { output: 'h' }), affine(3, { opset: 21, input: 'h' }), {
      outputs: ['y'],
    });
    expect(model.opsets['']).toBe(21);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['y']);
    const session = await openSession(model);
    const { y } = await session.run({ x: vector(1), shift: scalar(1) });
    await session.close();
    expect([...toFloat64(y!)]).toEqual([10]);
  });

  it('keeps sizes apart that only happen to have one name', () => {
    const apart = compose(affine(1), affine(1, { input: 'u', output: 'v' }), { join: {} });
    const shapes = Object.fromEntries(apart.graph.inputs.map(({ name, shape }) => [name, shape]));
    expect(shapes).toEqual({ x: ['n'], shift: [], u: ['b.n'] });
  });

  it('says what does not fit', () => {
    const [a, b] = [affine(1, { size: 4 }), affine(1, { size: 5 })];
    expect(() => compose(a, b, { join: { x: 'y' } })).toThrow(
      mismatchedJoin('y', 'float32 [4]', 'x', 'float32 [5]'),
    );
    expect(() => compose(a, b, { join: { q: 'y' } })).toThrow(
      unknownName('input', 'q', ['x', 'shift'], { code: 'ONNX' }),
    );
  });

  it('names weights in two folders from the one that holds both', () => {
    const [a] = [affine(1, { size: 4 })];
    const outside = (folder: string): Model => ({
      ...a,
      folder,
      graph: {
        ...a.graph,
        initializers: [{ name: 'w', dtype: 'float32', dims: [1], external: { location: 'w', offset: 0 } }],
      },
    });
    const both = compose(outside('/m/unet'), outside('/m/vae/x'), { join: {} });
    expect(both.folder).toBe('/m');
    expect(both.graph.initializers.map(({ external }) => external?.location)).toEqual(['unet/w', 'vae/x/w']);
    expect(compose(outside('/p'), outside('/q'), { join: {} }).folder).toBe('/');
  });
});
