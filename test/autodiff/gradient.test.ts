import { describe, expect, it } from 'vitest';
import {
  cotangentName,
  gradientGraph,
  gradientName,
  operatorsWithoutRule,
} from '../../src/autodiff/gradient.ts';
import {
  missingRule,
  noInfluence,
  notDifferentiable,
  notScalar,
  unknownName,
  unsupportedGradient,
} from '../../src/messages/index.ts';
import { builtModel, graphBuilder, type GraphBuilder } from '../../src/onnx/builder.ts';
import type { Model, ValueInfo } from '../../src/onnx/model.ts';
import type { Value } from '../../src/onnx/operators.ts';
import { fromNumbers, tensorBytes } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { relativeError } from '../golden-gradients.ts';
import { checkGradients } from './finite-differences.ts';

const image: ValueInfo = { name: 'x', dtype: 'float32', shape: [2, 3] };
const count: ValueInfo = { name: 'k', dtype: 'int64', shape: [3] };

function modelOf(
  make: (g: GraphBuilder) => readonly Value[],
  { inputs = [image] as readonly ValueInfo[], opset = 17, opsets = {} } = {},
): Model {
  const g = graphBuilder({ opset, taken: inputs.map(({ name }) => name) });
  for (const { name, dtype, shape } of inputs) g.declare(name, { dtype: dtype!, shape: shape as number[] });
  return builtModel(g, inputs, make(g), { opsets });
}

const values = (...dims: number[]) =>
  fromNumbers(
    'float32',
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3 * i + 1)),
  );

describe('gradientGraph', () => {
  it('adds up what reaches an input by several ways', async () => {
    const model = modelOf((g) => [g.Mul(g.Add(g.Exp('x'), 'x'), g.Sin('x'))]);
    const [finding] = await checkGradients(model, { x: values(2, 3) }, ['x']);
    expect(finding!.error).toBeLessThan(1e-3);
  });

  it('takes the gradient of a scalar without a cotangent', async () => {
    const model = modelOf((g) => [g.ReduceSum(g.Mul('x', 'x'), [0, 1], { keepdims: false })]);
    const [{ name: loss } = { name: '' }] = model.graph.outputs;
    const session = await openSession(gradientGraph(model, { loss, wrt: ['x'] }));
    const x = values(2, 3);
    const results = await session.run({ x });
    await session.close();
    const found = Array.from(results[gradientName('x')]!.data as Float32Array);
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(2 * (x.data as Float32Array)[i]!, 6);
    });
  });

  it('names the weights of the model instead of copying them', () => {
    const model = modelOf((g) => [g.MatMul('x', g.constant('float32', [3, 100], Array(300).fill(0.5)))]);
    const [y] = model.graph.outputs;
    const gradient = gradientGraph(model, { cotangent: [y!.name], wrt: ['x'] });
    const [weight] = model.graph.initializers;
    expect(gradient.graph.initializers.filter(({ dims }) => dims.length === 2)).toEqual([weight]);
    expect(gradient.graph.initializers.find(({ name }) => name === weight!.name)).toBe(weight);
  });

  it('differentiates by weights, external ones included, without reading them', () => {
    const model = modelOf((g) => [g.MatMul('x', g.constant('float32', [3, 100], Array(300).fill(0.5)))]);
    const [weight] = model.graph.initializers;
    const { raw: _, ...outside } = { ...weight!, external: { location: 'w.bin', offset: 0 } };
    const moved: Model = { ...model, folder: '/models', graph: { ...model.graph, initializers: [outside] } };
    const [y] = model.graph.outputs;
    const gradient = gradientGraph(moved, { cotangent: [y!.name], wrt: [outside.name] });
    expect(gradient.folder).toBe('/models');
    expect(gradient.graph.outputs.map(({ name }) => name)).toContain(gradientName(outside.name));
  });

  it("looks into the model's own functions", async () => {
    const node = (opType: string, inputs: string[], outputs: string[], attributes = {}) => ({
      name: '',
      opType,
      domain: '',
      inputs,
      outputs,
      attributes,
    });
    const leaky = {
      name: 'SquaredLeaky',
      domain: 'mine',
      overload: '',
      inputs: ['v'],
      outputs: ['r'],
      attributes: ['slope'],
      attributeDefaults: {},
      nodes: [
        node('LeakyRelu', ['v'], ['t'], { alpha: { kind: 'reference' as const, value: 'slope', type: 1 } }),
        node('Mul', ['t', 't'], ['r']),
      ],
      opsets: { '': 17 },
    };
    const call = (g: GraphBuilder, x: Value): Value =>
      g.emit('SquaredLeaky', [x], { slope: { kind: 'float', value: 0.3 } }, { domain: 'mine' })[0]!;
    const plain = modelOf((g) => [call(g, call(g, 'x'))], { opsets: { mine: 1 } });
    const [y] = plain.graph.outputs;
    const outputs = [{ name: y!.name, dtype: 'float32' as const, shape: [2, 3] }];
    const model: Model = { ...plain, functions: [leaky], graph: { ...plain.graph, outputs } };
    expect(operatorsWithoutRule(model)).toEqual([]);
    const [finding] = await checkGradients(model, { x: values(2, 3) }, ['x']);
    expect(finding!.error).toBeLessThan(1e-3);
    expect(finding!.largest).toBeGreaterThan(0);
  });

  it('leaves out what no gradient needs', () => {
    const model = modelOf((g) => [g.Add(g.Relu('x'), g.Exp(g.Sqrt(g.scalar(2, 'x'))))]);
    const [y] = model.graph.outputs;
    const gradient = gradientGraph(model, { cotangent: [y!.name], wrt: ['x'], outputs: [] });
    const operators = gradient.graph.nodes.map(({ opType }) => opType);
    expect(operators).not.toContain('Exp');
    expect(operators).not.toContain('Sqrt');
    expect(gradient.graph.outputs.map(({ name }) => name)).toEqual([gradientName('x')]);
  });

  it('is zero where all ways lead through operators that are flat', async () => {
    const model = modelOf((g) => [g.Floor('x')]);
    const [finding] = await checkGradients(model, { x: values(2, 3) }, ['x']);
    expect(finding!.largest).toBe(0);
  });

  it('gives the same for images in the blocked layout as without it, at odd sizes too', async () => {
    const weights = Array.from({ length: 16 * 16 * 9 }, (_, i) => Math.sin(i * i) / 12);
    const w = fromNumbers('float32', [16, 16, 3, 3], weights);
    const pads = [1, 1, 1, 1];
    const network = (g: GraphBuilder, kernel: Value): readonly Value[] => {
      const low = g.Relu(g.Conv('x', kernel, { kernel_shape: [3, 3], strides: [2, 2], pads }));
      const same = g.Conv(low, kernel, { kernel_shape: [3, 3], pads });
      return [g.Conv(g.Add(same, low), kernel, { kernel_shape: [3, 3], strides: [2, 2] })];
    };
    const x: ValueInfo = { name: 'x', dtype: 'float32', shape: [1, 16, 'h', 'w'] };
    // Only weights that are constant make the sub-pixel form worth while.
    const plain = modelOf((g) => network(g, 'kernel'), {
      inputs: [x, { name: 'kernel', dtype: 'float32', shape: w.dims }],
    });
    const blocked: Model = {
      ...plain,
      graph: {
        ...plain.graph,
        inputs: [x],
        initializers: [{ name: 'kernel', dtype: 'float32', dims: w.dims, raw: tensorBytes(w) }],
      },
    };
    const [y] = plain.graph.outputs;
    const options = { cotangent: [y!.name], wrt: ['x'] };
    const sessions = [
      await openSession(gradientGraph(blocked, options)),
      await openSession(gradientGraph(plain, options)),
    ];
    for (const [height, width] of [
      [11, 14],
      [16, 13],
      [12, 12],
    ] as const) {
      const size = (n: number): number => Math.floor((Math.ceil(n / 2) - 3) / 2) + 1;
      const feeds = {
        x: values(1, 16, height, width),
        [cotangentName(y!.name)]: values(1, 16, size(height), size(width)),
      };
      const a = await sessions[0]!.run(feeds);
      const b = await sessions[1]!.run({ ...feeds, kernel: w });
      expect(relativeError(a[gradientName('x')], b[gradientName('x')]!)).toBeLessThan(1e-6);
    }
    await Promise.all(sessions.map((session) => session.close()));
  });
});

describe('gradientGraph refuses', () => {
  const mix = { domain: 'somewhere' };

  it('an operator without a rule, and names the path to it', () => {
    const model = modelOf((g) => g.emit('Mix', [g.Exp('x')], {}, mix), { opsets: { somewhere: 1 } });
    const [y] = model.graph.outputs;
    expect(() => gradientGraph(model, { cotangent: [y!.name], wrt: ['x'] })).toThrow();
    expect(operatorsWithoutRule(model)).toEqual(['somewhere.Mix']);
    const typed: Model = {
      ...model,
      graph: { ...model.graph, outputs: [{ name: y!.name, dtype: 'float32', shape: [2, 3] }] },
    };
    expect(() => gradientGraph(typed, { cotangent: [y!.name], wrt: ['x'] })).toThrow(
      missingRule('somewhere.Mix', 'Mix', ['x', "Exp 'Exp'", "Mix 'Mix'"]),
    );
  });

  it('control flow', () => {
    const body = {
      name: 'then',
      nodes: [{ name: 'inner', opType: 'Exp', domain: '', inputs: ['x'], outputs: ['t'], attributes: {} }],
      inputs: [],
      outputs: [{ name: 't', dtype: 'float32' as const, shape: [2, 3] }],
      initializers: [],
      valueInfo: [],
    };
    const model = modelOf((g) =>
      g.emit('If', [g.constant('bool', [], [1])], {
        then_branch: { kind: 'graph', value: body },
        else_branch: { kind: 'graph', value: { ...body, name: 'else' } },
      }),
    );
    const [y] = model.graph.outputs;
    const typed: Model = {
      ...model,
      graph: { ...model.graph, outputs: [{ name: y!.name, dtype: 'float32', shape: [2, 3] }] },
    };
    expect(() => gradientGraph(typed, { cotangent: [y!.name], wrt: ['x'] })).toThrow(
      missingRule('If', 'If', ['x', "If 'If'"], { controlFlow: true }),
    );
  });

  it('names that are unknown, without influence, or of another type', () => {
    const model = modelOf((g) => [g.Exp('x')], { inputs: [image, count, { ...image, name: 'z' }] });
    const y = model.graph.outputs[0]!.name;
    const by =
      (name: string, cotangent = [y]) =>
      () =>
        gradientGraph(model, { cotangent, wrt: [name] });
    expect(by('q')).toThrow(unknownName('input or weight', 'q', ['x', 'k', 'z'], { code: 'ONNX' }));
    expect(by('x', ['q'])).toThrow(unknownName('output', 'q', [y], { code: 'ONNX' }));
    expect(by('z')).toThrow(noInfluence('z', [y]));
    expect(by('k')).toThrow(notDifferentiable('k', 'int64'));
    expect(() => gradientGraph(model, { loss: y, wrt: ['x'] })).toThrow(notScalar(y, [2, 3]));
  });

  it('forms of an operator that its rule does not cover', () => {
    const model = modelOf((g) => [
      g.Einsum('ii->i', g.MatMul('x', g.constant('float32', [3, 2], Array(6).fill(1)))),
    ]);
    const y = model.graph.outputs[0]!.name;
    expect(() => gradientGraph(model, { cotangent: [y], wrt: ['x'] })).toThrow(
      unsupportedGradient('Einsum', 'Einsum', 'it takes a diagonal'),
    );
  });

  it('a cotangent of the wrong shape, when the session runs', async () => {
    const model = modelOf((g) => [g.Exp('x')]);
    const y = model.graph.outputs[0]!.name;
    const session = await openSession(gradientGraph(model, { cotangent: [y], wrt: ['x'] }));
    await expect(session.run({ x: values(2, 3), [cotangentName(y)]: values(3, 2) })).rejects.toThrow(
      cotangentName(y),
    );
    await session.close();
  });
});
