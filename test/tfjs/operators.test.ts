/** Each operator of the interpreter against ONNX Runtime, in the variants where the two libraries differ most. */
import { expect, it } from 'vitest';
import type { Attribute, Model, StoredTensor } from '../../src/onnx/model.ts';
import { fromNumbers, type NamedTensors, type Tensor, tensorBytes } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { openSession } from '../../src/runtime/session.ts';
import { loadTfjs } from '../../src/tfjs/load.ts';
import { differentiate } from '../../src/tfjs/vjp.ts';
import { relativeError } from '../golden-gradients.ts';
import { modelOf, node, port } from '../runtime/models.ts';

await loadTfjs('cpu');

interface Example {
  readonly op: string;
  /** Shapes of the float inputs. */
  readonly x?: readonly (readonly number[])[];
  /** Constant inputs after them; null is one left out. */
  readonly constants?: readonly (Tensor | null)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
  readonly note?: string;
  readonly opset?: number;
}

const int = (value: number): Attribute => ({ kind: 'int', value });
const ints = (...value: number[]): Attribute => ({ kind: 'ints', value });
const text = (value: string): Attribute => ({ kind: 'string', value });
const i64 = (...values: number[]): Tensor => fromNumbers('int64', [values.length], values);
const f32 = (...values: number[]): Tensor => fromNumbers('float32', [values.length], values);
const grid = (dims: number[], values: number[]): Tensor => fromNumbers('int64', dims, values);
const image = [[2, 3, 5, 6]];

const pools: Example[] = ['MaxPool', 'AveragePool'].flatMap((op) => [
  { op, x: image, attributes: { kernel_shape: ints(2, 3), strides: ints(2, 1), pads: ints(1, 1, 0, 1) } },
  {
    op,
    x: image,
    note: 'ceil',
    attributes: { kernel_shape: ints(2, 2), strides: ints(2, 4), ceil_mode: int(1) },
  },
  {
    op,
    x: image,
    note: 'same',
    attributes: { kernel_shape: ints(3, 2), strides: ints(2, 2), auto_pad: text('SAME_UPPER') },
  },
  { op, x: [[1, 2, 7]], note: '1-d', attributes: { kernel_shape: ints(3), strides: ints(2) } },
]);

const modes = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];
const resizes: Example[] = ['nearest', 'linear', 'cubic'].flatMap((mode) =>
  modes.flatMap((coordinates) => {
    const attributes = { mode: text(mode), coordinate_transformation_mode: text(coordinates) };
    return [
      {
        op: 'Resize',
        x: image,
        note: `${mode} ${coordinates} up`,
        attributes,
        constants: [null, f32(1, 1, 2, 1.5)],
      },
      {
        op: 'Resize',
        x: image,
        note: `${mode} ${coordinates} to a size`,
        attributes,
        constants: [null, null, i64(2, 3, 3, 4)],
      },
    ];
  }),
);

const pads: Example[] = ['constant', 'reflect', 'edge'].map((mode) => ({
  op: 'Pad',
  x: image,
  note: mode,
  attributes: { mode: text(mode) },
  constants: [i64(0, 0, 1, 2, 0, 0, 3, 1)],
}));

const reductions: Example[] = [
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSumExp',
  'ReduceMax',
  'ReduceMean',
  'ReduceMin',
  'ReduceProd',
  'ReduceSumSquare',
].flatMap((op) => [
  { op, x: image, attributes: { axes: ints(-1, 1), keepdims: int(0) } },
  { op, x: image, note: 'all axes' },
]);

const unary = [
  'Abs',
  'Atan',
  'Ceil',
  'Cos',
  'Elu',
  'Erf',
  'Exp',
  'Floor',
  'HardSigmoid',
  'HardSwish',
  'Identity',
  'LeakyRelu',
  'LogSoftmax',
  'Neg',
  'Relu',
  'Round',
  'Selu',
  'Sigmoid',
  'Sign',
  'Sin',
  'Softmax',
  'Softplus',
  'Softsign',
  'Tanh',
];

const examples: Example[] = [
  ...unary.map((op) => ({ op, x: image })),
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'PRelu'].map((op) => ({
    op,
    x: [
      [2, 3, 4],
      [3, 1],
    ],
  })),
  ...['Max', 'Min', 'Sum', 'Mean'].map((op) => ({ op, x: [[2, 1], [3], [2, 3]], note: 'of three' })),
  ...pools,
  ...resizes,
  ...pads,
  ...reductions,
  {
    op: 'Conv',
    x: [[2, 4, 7, 6], [6, 2, 3, 2], [6]],
    note: 'groups, strides, dilations',
    attributes: { group: int(2), strides: ints(2, 1), dilations: ints(2, 1), pads: ints(1, 0, 2, 1) },
  },
  {
    op: 'Conv',
    x: [
      [1, 2, 9],
      [3, 2, 4],
    ],
    note: '1-d, same',
    attributes: { strides: ints(2), auto_pad: text('SAME_LOWER') },
  },
  {
    op: 'ConvTranspose',
    x: [[2, 4, 3, 4], [4, 3, 3, 2], [6]],
    note: 'groups, strides',
    attributes: { group: int(2), strides: ints(2, 3), pads: ints(1, 0, 0, 1), output_padding: ints(1, 0) },
  },
  {
    op: 'ConvTranspose',
    x: [
      [1, 2, 4],
      [2, 3, 3],
    ],
    note: '1-d, dilated',
    attributes: { dilations: ints(2), pads: ints(1, 2) },
  },
  {
    op: 'ConvTranspose',
    x: [
      [1, 2, 3, 3],
      [2, 1, 3, 3],
    ],
    note: 'output shape',
    attributes: { strides: ints(2, 2), output_shape: ints(6, 5) },
  },
  {
    op: 'MatMul',
    x: [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
  },
  { op: 'MatMul', x: [[4], [2, 4, 3]], note: 'vector' },
  {
    op: 'Gemm',
    x: [[4, 3], [5, 4], [5]],
    attributes: {
      transA: int(1),
      transB: int(1),
      alpha: { kind: 'float', value: 0.5 },
      beta: { kind: 'float', value: 2 },
    },
  },
  {
    op: 'Einsum',
    x: [
      [2, 3, 4, 5],
      [2, 4, 6, 5],
    ],
    attributes: { equation: text('bhid,bijd->bhij') },
  },
  { op: 'Einsum', x: [[2, 3, 4]], note: 'one operand', attributes: { equation: text('abc -> ca') } },
  { op: 'BatchNormalization', x: [[2, 3, 4], [3], [3], [3]], constants: [f32(1, 2, 0.5)] },
  { op: 'InstanceNormalization', x: [[2, 3, 4, 5], [3], [3]] },
  {
    op: 'LayerNormalization',
    x: [
      [2, 3, 4],
      [3, 4],
      [3, 4],
    ],
    attributes: { axis: int(1) },
    opset: 17,
  },
  { op: 'Softmax', x: [[2, 3, 4]], note: 'opset 11', opset: 11 },
  {
    op: 'CumSum',
    x: [[2, 3, 4]],
    constants: [fromNumbers('int64', [], [1])],
    attributes: { reverse: int(1), exclusive: int(1) },
  },
  { op: 'ArgMax', x: [[2, 3, 4]], attributes: { axis: int(1), keepdims: int(0) } },
  { op: 'GlobalAveragePool', x: image },
  { op: 'GlobalMaxPool', x: image },
  { op: 'Slice', x: image, constants: [i64(-1, 4), i64(-100, 0), i64(3, 2), i64(-2, -1)] },
  {
    op: 'Slice',
    x: image,
    note: 'to the end',
    constants: [i64(1), fromNumbers('int64', [1], [2 ** 63 - 1024]), i64(-1)],
  },
  { op: 'Gather', x: [[3, 4]], constants: [grid([2, 2], [0, -1, 2, 2])], attributes: { axis: int(1) } },
  { op: 'GatherElements', x: [[3, 4]], constants: [grid([2, 2], [0, -1, 2, 2])] },
  { op: 'GatherND', x: [[3, 4, 2]], constants: [grid([2, 2], [0, -1, 2, 2])] },
  {
    op: 'ScatterND',
    x: [[3, 4]],
    constants: [grid([2, 1], [2, 0]), fromNumbers('float32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
  },
  {
    op: 'ScatterElements',
    x: [[3, 2]],
    constants: [grid([1, 2], [2, 0]), fromNumbers('float32', [1, 2], [7, 8])],
  },
  { op: 'DepthToSpace', x: [[1, 8, 2, 3]], attributes: { blocksize: int(2) } },
  {
    op: 'DepthToSpace',
    x: [[1, 8, 2, 3]],
    note: 'CRD',
    attributes: { blocksize: int(2), mode: text('CRD') },
  },
  { op: 'SpaceToDepth', x: [[1, 2, 4, 6]], attributes: { blocksize: int(2) } },
  { op: 'Expand', x: [[3, 1]], constants: [i64(2, 1, 4)] },
  { op: 'Tile', x: [[2, 3]], constants: [i64(2, 3)] },
  { op: 'Split', x: [[2, 7]], constants: [i64(3, 4)], attributes: { axis: int(1) }, outputs: 2 },
  {
    op: 'Concat',
    x: [
      [2, 1],
      [2, 3],
    ],
    attributes: { axis: int(-1) },
  },
  { op: 'Flatten', x: image, attributes: { axis: int(2) } },
  { op: 'Reshape', x: image, constants: [i64(0, -1)] },
  { op: 'Squeeze', x: [[2, 1, 3, 1]], constants: [i64(-1)] },
  { op: 'Unsqueeze', x: [[2, 3]], constants: [i64(0, -1)] },
  { op: 'Transpose', x: [[2, 3, 4]], attributes: { perm: ints(2, 0, 1) } },
  { op: 'Shape', x: image, attributes: { start: int(1), end: int(-1) } },
  { op: 'Cast', x: image, attributes: { to: int(7) } },
  {
    op: 'Clip',
    x: image,
    constants: [fromNumbers('float32', [], [-0.2]), fromNumbers('float32', [], [0.4])],
  },
  { op: 'Greater', x: [[2, 3], [3]] },
];

const store = (name: string, value: Tensor): StoredTensor => ({
  name,
  dtype: value.dtype,
  dims: value.dims,
  raw: tensorBytes(value),
});

function build({ op, x = [], constants = [], attributes = {}, outputs = 1, opset = 16 }: Example): {
  model: Model;
  inputs: NamedTensors;
} {
  const random = seededRandom(7);
  const names = x.map((_, i) => `x${i}`);
  const weights = constants.flatMap((value, i) => (value === null ? [] : [store(`c${i}`, value)]));
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const dtype = { ArgMax: 'int64', Shape: 'int64', Cast: 'int64', Greater: 'bool' } as const;
  const model = modelOf({
    inputs: names.map((name, i) => port(name, x[i]!)),
    outputs: results.map((name) => ({ name, dtype: dtype[op as 'Cast'] ?? 'float32' })),
    nodes: [
      node(
        op,
        [...names, ...constants.map((value, i) => (value === null ? '' : `c${i}`))],
        results,
        attributes,
      ),
    ],
    initializers: weights,
  });
  const inputs = names.map((name, i) => {
    const size = x[i]!.reduce((n, d) => n * d, 1);
    return [
      name,
      fromNumbers(
        'float32',
        x[i]!,
        Array.from({ length: size }, () => random.normal()),
      ),
    ];
  });
  return { model: { ...model, opsets: { '': opset } }, inputs: Object.fromEntries(inputs) };
}

const title = ({ op, note }: Example): string => (note === undefined ? op : `${op}, ${note}`);

it.each(examples.map((example) => [title(example), example] as const))('%s', async (_, example) => {
  const { model, inputs } = build(example);
  const session = await openSession(model);
  const expected = await session.run(inputs);
  const { outputs } = differentiate(model, { inputs, cotangents: {}, wrt: [] });
  for (const name of Object.keys(expected)) {
    expect(outputs[name]!.dims).toEqual(expected[name]!.dims);
    expect(relativeError(outputs[name], expected[name]!)).toBeLessThan(2e-6);
  }
  await session.close();
});
