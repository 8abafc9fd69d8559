import { describe, expect, it } from 'vitest';
import { oldOpset } from '../../src/messages/index.ts';
import { float, int, ints, text } from '../../src/onnx/attributes.ts';
import type { Attributes, Model, StoredTensor } from '../../src/onnx/model.ts';
import { fromNumbers, tensorBytes, toFloat64 } from '../../src/onnx/tensor.ts';
import { upgradeOpset } from '../../src/onnx/transforms/upgrade.ts';
import { openSession } from '../../src/runtime/session.ts';

/** One operator in an old operator set, on `x` [2, 3, 4]. */
function old(
  opset: number,
  opType: string,
  attributes: Attributes,
  {
    extra = [] as readonly StoredTensor[],
    outputs = ['y'],
    shape = [2, 3, 4] as readonly (number | string)[],
  } = {},
): Model {
  return {
    irVersion: 8,
    opsets: { '': opset },
    functions: [],
    metadata: {},
    graph: {
      name: 'old',
      nodes: [
        {
          name: 'n',
          opType,
          domain: '',
          inputs: ['x', ...extra.map(({ name }) => name)],
          outputs,
          attributes,
        },
      ],
      inputs: [{ name: 'x', dtype: 'float32', shape }],
      outputs: outputs.map((name) => ({ name, dtype: 'float32' as const })),
      initializers: extra,
      valueInfo: [],
    },
  };
}

const scales: StoredTensor = {
  name: 's',
  dtype: 'float32',
  dims: [3],
  raw: tensorBytes(fromNumbers('float32', [3], [1, 2, 1.5])),
};

const CASES: Readonly<Record<string, Model>> = {
  'Clip 6': old(10, 'Clip', { min: float(-0.2), max: float(0.5) }),
  'Pad 2': old(10, 'Pad', { pads: ints([0, 1, 0, 0, 0, 2]), value: float(0.5) }),
  'ReduceSum 11': old(11, 'ReduceSum', { axes: ints([1]), keepdims: int(0) }),
  'Resize 10': old(10, 'Resize', { mode: text('nearest') }, { extra: [scales] }),
  'Slice 1': old(9, 'Slice', { starts: ints([1, 0]), ends: ints([3, 2]), axes: ints([1, 2]) }),
  'Softmax 11, flattened': old(11, 'Softmax', {}),
  'Softmax 11, last axis': old(11, 'Softmax', { axis: int(2) }),
  'LogSoftmax 11, rank known at run time': old(
    11,
    'LogSoftmax',
    { axis: int(1) },
    { shape: ['a', 'b', 'c'] },
  ),
  'Split 11': old(11, 'Split', { axis: int(2), split: ints([1, 3]) }, { outputs: ['y', 'z'] }),
  'Squeeze 11 of Unsqueeze 11': old(11, 'Unsqueeze', { axes: ints([0]) }),
  'Upsample 9': old(9, 'Upsample', { mode: text('nearest') }, { extra: [scales] }),
};

describe('upgradeOpset', () => {
  it.each(Object.entries(CASES))('%s means the same in operator set 17', async (_name, model) => {
    const x = fromNumbers(
      'float32',
      [2, 3, 4],
      Array.from({ length: 24 }, (_, i) => Math.sin(i * i)),
    );
    const raised = upgradeOpset(model, 17);
    expect(raised.opsets['']).toBe(17);
    const [before, after] = await Promise.all([openSession(model), openSession(raised)]);
    const [expected, found] = [await before.run({ x }), await after.run({ x })];
    for (const name of Object.keys(expected)) {
      expect(found[name]!.dims).toEqual(expected[name]!.dims);
      expect(toFloat64(found[name]!)).toEqual(toFloat64(expected[name]!));
    }
    await Promise.all([before.close(), after.close()]);
  });

  it('leaves a model of that operator set as it is, and refuses one that is too old', () => {
    const model = old(17, 'Relu', {});
    expect(upgradeOpset(model, 17)).toBe(model);
    expect(() => upgradeOpset(old(6, 'Relu', {}), 17)).toThrow(oldOpset(6, 7));
  });
});
