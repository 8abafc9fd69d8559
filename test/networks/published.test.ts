import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { builtModel, graphBuilder } from '../../src/onnx/builder.ts';
import { declaredType } from '../../src/onnx/infer.ts';
import type { Model } from '../../src/onnx/model.ts';
import { type NamedTensors, type TensorOf, tensor } from '../../src/onnx/tensor.ts';
import { compose } from '../../src/onnx/transforms/compose.ts';
import { readNetwork } from '../../src/models/network.ts';
import { openSession } from '../../src/runtime/session.ts';
import { checkpointByFormula, picture } from './formula.ts';
import { errorOf, golden, tensorsIn } from './fixture.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'craquelure-published-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function checkpoint(folder: string): Promise<string> {
  const path = join(dir, `${folder}.safetensors`);
  await writeFile(path, await checkpointByFormula(golden(folder, 'shapes.json')));
  return path;
}

/** The sum of an output, each entry times the cosine of its index where `weighed`. */
function summed(model: Model, output: string, size: number, weighed: boolean): Model {
  const info = model.graph.outputs.find(({ name }) => name === output)!;
  const g = graphBuilder({ opset: 17 });
  g.declare(output, declaredType(info));
  const cosines = Array.from({ length: size }, (_, i) => (weighed ? Math.cos(i) : 1));
  const each = g.Mul(output, g.constant('float32', [size], cosines));
  const sum = g.ReduceSum(
    each,
    info.shape!.map((_, axis) => axis),
    { keepdims: false },
  );
  return compose(model, builtModel(g, [info], [sum]));
}

/** Errors of an output and of its sum's gradient, largest and in the norm; goldens have every `step`th entry of it. */
async function errors(
  folder: string,
  model: Model,
  inputs: NamedTensors,
  { output, wrt, step, weighed }: { output: string; wrt: string; step: number; weighed: boolean },
): Promise<{ forward: number; gradient: number; norm: number }> {
  const wanted = await tensorsIn(folder, 'outputs.safetensors');
  const whole = summed(model, output, wanted[output]!.dims.at(-1)!, weighed);
  const loss = whole.graph.outputs.at(-1)!.name;
  const session = await openSession(gradientGraph(whole, { loss, wrt: [wrt] }), { name: folder });
  const found = await session.run(inputs);
  await session.close();
  const { data } = found[gradientName(wrt)] as TensorOf<'float32'>;
  const sampled = data.filter((_, i) => i % step === 0);
  const exact = (wanted[gradientName(wrt)] as TensorOf<'float32'>).data;
  const squares = (of: (i: number) => number): number => sampled.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  return {
    norm: Math.sqrt(squares((i) => sampled[i]! - exact[i]!) / squares((i) => exact[i]!)),
    forward: errorOf(found[output]!, wanted[output]!),
    gradient: errorOf(tensor('float32', [sampled.length], sampled), wanted[gradientName(wrt)]!),
  };
}

describe('networks that metrics are defined by, from the files that their owners publish', () => {
  for (const net of ['alex', 'vgg', 'squeeze']) {
    it(`LPIPS on ${net}, with heads as they are published`, async () => {
      const folder = `lpips-${net}`;
      const paths = [await checkpoint(folder), golden(folder, 'heads.pth')];
      const model = await readNetwork('LPIPS', 'perceptual', paths);
      const [a, b] = [1000, 1001].map((k) => picture(k, [1, 3, 40, 48]));
      const how = { output: 'distance', wrt: 'a', step: 13, weighed: false };
      const { forward, gradient } = await errors(folder, model, { a: a!, b: b! }, how);
      expect(forward).toBeLessThan(1e-4);
      expect(gradient).toBeLessThan(1e-3);
    });
  }

  it('LPIPS of black images is zero, and so is its slope', async () => {
    const paths = [await checkpoint('lpips-alex'), golden('lpips-alex', 'heads.pth')];
    const model = summed(await readNetwork('LPIPS', 'perceptual', paths), 'distance', 1, false);
    const loss = model.graph.outputs.at(-1)!.name;
    const session = await openSession(gradientGraph(model, { loss, wrt: ['a'] }), { name: 'black' });
    const black = picture(0, [1, 3, 40, 48], () => 0);
    const found = await session.run({ a: black, b: black });
    await session.close();
    expect((found.distance as TensorOf<'float32'>).data[0]).toBe(0);
    expect((found[gradientName('a')] as TensorOf<'float32'>).data.every((value) => value === 0)).toBe(true);
  });

  it('the Inception of FID, to its 2048 features', async () => {
    const model = await readNetwork('InceptionV3', 'fid-features', [await checkpoint('inception-fid')]);
    const image = picture(1000, [1, 3, 299, 299], (u) => 2 * u);
    const how = { output: 'features', wrt: 'image', step: 91, weighed: true };
    const { forward, norm } = await errors('inception-fid', model, { image }, how);
    const { 'float32.error': own } = await tensorsIn('inception-fid', 'outputs.safetensors');
    expect(forward).toBeLessThan(1e-4);
    expect(norm).toBeLessThan(2 * (own as TensorOf<'float32'>).data[0]!);
  });
});
