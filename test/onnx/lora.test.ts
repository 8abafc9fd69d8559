import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { loraMatchesNothing, loraRankTooHigh } from '../../src/messages/index.ts';
import { builtModel, graphBuilder } from '../../src/onnx/builder.ts';
import { compose } from '../../src/onnx/transforms/compose.ts';
import { readModel } from '../../src/onnx/files.ts';
import { insertLora, LORA_SCALE } from '../../src/onnx/transforms/lora.ts';
import { type Model, opsetOf } from '../../src/onnx/model.ts';
import { fromNumbers, type NamedTensors, toFloat64 } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { modelOf, node, port } from '../runtime/models.ts';

interface Plain {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** A small network as PyTorch exports it; `lora/make.py` wrote both files. */
const folder = join(dirname(fileURLToPath(import.meta.url)), 'lora');
const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as {
  readonly scale: number;
  readonly rank: number;
  readonly inputs: Readonly<Record<string, Plain>>;
  readonly pairs: Readonly<Record<string, Plain>>;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Plain>>;
};
const network = await readModel(join(folder, 'model.onnx'));

const tensors = (plain: Readonly<Record<string, Plain>>): NamedTensors =>
  Object.fromEntries(
    Object.entries(plain).map(([name, { dims, data }]) => [name, fromNumbers('float32', dims, data)]),
  );

/** The mean square of `out` behind a model. */
function meanSquare(model: Model): Model {
  const out = model.graph.outputs[0]!;
  const g = graphBuilder({ opset: opsetOf(model) });
  g.declare(out.name, { dtype: 'float32', shape: ['n', 3, 4, 3] });
  const loss = g.ReduceMean(g.Mul(out.name, out.name), [0, 1, 2, 3], { keepdims: false });
  const info = { ...out, shape: ['n', 3, 4, 3] };
  return compose(model, builtModel(g, [info], [loss]), { outputs: [loss] });
}

async function run(model: Model, feeds: NamedTensors) {
  const session = await openSession(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

const scale = { [LORA_SCALE]: fromNumbers('float32', [], [golden.scale]) };

describe('LoRA pairs', () => {
  const { model, pairs } = insertLora(network, { rank: golden.rank, pattern: /./ });

  it('stand beside linear layers with and without bias and beside convolutions, under the names of PEFT', () => {
    const ports = pairs.flatMap(({ down, up }) => [down, up]);
    expect(new Set(ports.map(({ name }) => name))).toEqual(new Set(Object.keys(golden.pairs)));
    for (const { name, dims } of ports) expect(dims).toEqual(golden.pairs[name]!.dims);
  });

  it("have PyTorch's loss and gradients", async () => {
    const wrt = Object.keys(golden.pairs);
    const lossy = meanSquare(model);
    const loss = lossy.graph.outputs[0]!.name;
    const results = await run(gradientGraph(lossy, { loss, wrt }), {
      ...tensors(golden.inputs),
      ...tensors(golden.pairs),
      ...scale,
    });
    expect(results[loss]!.data[0]).toBeCloseTo(golden.loss, 4);
    for (const name of wrt) {
      const gradient = toFloat64(results[gradientName(name)]!);
      const wanted = golden.gradients[name]!.data;
      const worst = Math.max(...wanted.map((v, i) => Math.abs(v - gradient[i]!)));
      expect(worst / Math.max(...wanted.map(Math.abs)), name).toBeLessThan(1e-5);
    }
  });

  it('change nothing where their scale is zero', async () => {
    const feeds = tensors(golden.inputs);
    const off = { [LORA_SCALE]: fromNumbers('float32', [], [0]) };
    const [before, after] = [
      await run(network, feeds),
      await run(model, { ...feeds, ...tensors(golden.pairs), ...off }),
    ];
    expect(toFloat64(after.out!)).toEqual(toFloat64(before.out!));
  });

  it('stand beside the projections of attention unless told otherwise, found by the paths of nodes', () => {
    expect(insertLora(network, { rank: 1 }).pairs.map(({ module }) => module)).toEqual([
      'blocks.0.attn1.to_q',
      'blocks.0.attn1.to_k',
      'blocks.0.attn1.to_v',
      'blocks.0.attn1.to_out.0',
    ]);
  });

  it('are shared by layers that share a weight', async () => {
    const raw = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);
    const twice = modelOf({
      inputs: [port('x', ['n', 2])],
      outputs: [port('y', ['n', 2])],
      nodes: [
        node('MatMul', ['x', 'mix.weight'], ['once']),
        node('Identity', ['mix.weight'], ['again']),
        node('MatMul', ['once', 'again'], ['y']),
      ],
      initializers: [{ name: 'mix.weight', dtype: 'float32', dims: [2, 2], raw }],
    });
    expect(insertLora(twice, { rank: 1, pattern: /^mix$/ }).pairs).toHaveLength(1);
  });

  it('take float32 beside weights that are stored in half precision', () => {
    const half = { name: 'mix.weight', dtype: 'float16', dims: [2, 3], raw: new Uint8Array(12) } as const;
    const halved = modelOf({
      inputs: [port('x', ['n', 2])],
      outputs: [port('y', ['n', 3])],
      nodes: [
        node('Cast', ['mix.weight'], ['wide'], { to: { kind: 'int', value: 1 } }),
        node('MatMul', ['x', 'wide'], ['y']),
      ],
      initializers: [half],
    });
    const { pairs: found, model: adapted } = insertLora(halved, { rank: 2, pattern: /mix/ });
    expect(found).toMatchObject([{ down: { dims: [2, 2] }, up: { dims: [3, 2] } }]);
    expect(adapted.graph.inputs.every(({ dtype }) => dtype === 'float32')).toBe(true);
  });

  it('ask for layers that exist and a rank that fits', () => {
    const modules = pairs.map(({ module }) => module);
    expect(() => insertLora(network, { rank: 1, pattern: /nowhere/ })).toThrow(
      loraMatchesNothing('nowhere', modules),
    );
    expect(() => insertLora(network, { rank: 4 })).toThrow(loraRankTooHigh(4, 'blocks.0.attn1.to_k', 3, 6));
  });
});
