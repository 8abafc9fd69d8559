import { join } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { gradientGraph } from '../../src/autodiff/gradient.ts';
import { fromBytes } from '../../src/image/image.ts';
import { misfitModel, misfitSize } from '../../src/messages/index.ts';
import type { Fill } from '../../src/models/entry.ts';
import { modelHome } from '../../src/models/home.ts';
import { openModel } from '../../src/models/open.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { type ResolvedModel, resolveModel } from '../../src/models/resolve.ts';
import type { ModelRole } from '../../src/models/roles.ts';
import type { Model } from '../../src/onnx/model.ts';
import { loadStored } from '../../src/onnx/stored.ts';
import { type TensorOf, tensor } from '../../src/onnx/tensor.ts';
import { modelOf, node, port } from '../runtime/models.ts';
import { describeShared } from '../shared.ts';
import { absoluteDistance, poolingEncoder, save, temporaryFolder } from './fixture.ts';

async function resolved<R extends ModelRole>(
  role: R,
  model: Model,
  fill: Fill = {},
): Promise<ResolvedModel & { readonly role: R }> {
  const { path, sha256 } = await save(model, join(await temporaryFolder(), 'm.onnx'));
  const files = [{ path, sha256, bytes: 1 }];
  const words = { source: '', licence: '', dtype: '', protocol: '' };
  return { key: sha256, role, id: 'm', files, fill, ...words, trust: 'own' };
}

const grey = (value: number, width = 16, height = 8): TensorOf<'float32'> =>
  tensor('float32', [1, 3, height, width], new Float32Array(3 * height * width).fill(value));

describe('a model in a role', () => {
  it('takes pixels of 0..1 and gives scaled latents, whatever the file wants', async () => {
    const fill = { mean: 0.5, std: 0.5, latent: { channels: 3, scale: 0.25, shift: 0.1 } };
    const encoder = await openModel(await resolved('vae-encoder', poolingEncoder, fill));
    const { latent } = await encoder.run({ image: grey(0.8) });
    expect(latent.dims).toEqual([1, 3, 1, 2]);
    for (const value of latent.data) expect(value).toBeCloseTo((0.6 - 0.1) * 0.25, 6);
    await encoder.close();
  });

  it('has the role’s port names in its graph, even where the file has them for something else', async () => {
    const twisted = modelOf({
      inputs: [port('sample', ['n', 3, 'h', 'w'])],
      outputs: [port('latents', ['n', 3, 'h', 'w'])],
      nodes: [
        node('Neg', ['sample'], ['latent']),
        node('Abs', ['latent'], ['image']),
        node('Neg', ['image'], ['latents']),
      ],
    });
    const { graph, run, close } = await openModel(
      await resolved('vae-encoder', twisted, { mean: 0, std: 0.5 }),
    );
    expect(graph.graph.inputs.map(({ name }) => name)).toEqual(['image']);
    expect(graph.graph.outputs.map(({ name }) => name)).toEqual(['latent']);
    const { latent } = await run({ image: grey(0.25) });
    expect(latent.data[0]).toBe(-0.5);
    await close();
  });

  it('is float32 outside where the file computes in float16', async () => {
    const half = modelOf({
      inputs: [port('input', ['n', 3, 'h', 'w'], 'float16')],
      outputs: [port('output', ['n', 3, 'h', 'w'], 'float16')],
      nodes: [node('Identity', ['input'], ['output'])],
    });
    const { run, close } = await openModel(await resolved('upscaler', half, { mean: 0, std: 1 / 255 }));
    const { upscaled } = await run({ image: grey(0.5) });
    expect(upscaled.dtype).toBe('float32');
    expect(upscaled.data[0]).toBeCloseTo(0.5, 3);
    await close();
  });

  it('gives the mean where the file gives mean and log-variance', async () => {
    const moments = modelOf({
      inputs: [port('sample', ['n', 3, 'h', 'w'])],
      outputs: [port('latent_parameters', ['n', 6, 'h', 'w'])],
      nodes: [
        node('Neg', ['sample'], ['negative']),
        node('Concat', ['sample', 'negative'], ['latent_parameters'], { axis: { kind: 'int', value: 1 } }),
      ],
    });
    const { run, close } = await openModel(await resolved('vae-encoder', moments, { latent: { scale: 2 } }));
    const { latent } = await run({ image: grey(0.5) });
    expect(latent.dims).toEqual([1, 3, 8, 16]);
    expect(latent.data.every((value) => value === 1)).toBe(true);
    await close();
  });

  it('makes a derived graph once for each name', async () => {
    const opened = await openModel(await resolved('perceptual', absoluteDistance));
    let built = 0;
    const derive = () =>
      opened.derive('same', (graph) => {
        built++;
        return graph;
      });
    expect(await derive()).toBe(await derive());
    expect(built).toBe(1);
    await opened.close();
  });

  it('is differentiated in the role’s own units, scale factors included', async () => {
    const fill = { mean: 0.5, std: 0.5, latent: { channels: 3, scale: 0.25 } };
    const encoder = await openModel(await resolved('vae-encoder', poolingEncoder, fill));
    const gradient = await encoder.derive('gradient', (graph) =>
      gradientGraph(graph, { cotangent: ['latent'], wrt: ['image'] }),
    );
    const outputs = await gradient.run({
      image: grey(0.3),
      'ct.latent': tensor('float32', [1, 3, 1, 2], new Float32Array(6).fill(1)),
    });
    const values = (outputs['grad.image'] as TensorOf<'float32'>).data;
    for (const value of values) expect(value).toBeCloseTo(0.25 / 0.5 / 64, 7);
    await encoder.close();
  });

  it('refuses images whose sides it cannot take', async () => {
    const { run, close } = await openModel(await resolved('vae-encoder', poolingEncoder, { multiple: 8 }));
    await expect(run({ image: grey(0, 12, 8) })).rejects.toThrow(
      misfitSize('m', { width: 12, height: 8 }, 'sides that are multiples of 8 px'),
    );
    await close();
    const fixed = await openModel(await resolved('vae-encoder', poolingEncoder, { size: 8 }));
    await expect(fixed.run({ image: grey(0) })).rejects.toThrow(
      misfitSize('m', { width: 16, height: 8 }, '8x8 px'),
    );
  });

  it('refuses a file whose ports are not those of the role', async () => {
    await expect(openModel(await resolved('perceptual', poolingEncoder))).rejects.toThrow(
      misfitModel('m', 'perceptual', "input 'a'", 'a', "inputs 'sample'"),
    );
    const wrong = await resolved('vae-encoder', poolingEncoder, { latent: { channels: 4, scale: 1 } });
    await expect(openModel(wrong)).rejects.toThrow(
      misfitModel('m', 'vae-encoder', "output 'latent'", '[n, 4, h, w]', '[batch, 3, height/8, width/8]'),
    );
  });

  it('has inputs and outputs typed by its role', () => {
    type Perceptual = Awaited<ReturnType<typeof openModel<'perceptual'>>>;
    expectTypeOf<Parameters<Perceptual['run']>[0]>().toHaveProperty('b');
    expectTypeOf<Awaited<ReturnType<Perceptual['run']>>>().toHaveProperty('distance');
  });
});

describe('an image as a tensor', () => {
  it('is planar, channel by channel', () => {
    const image = fromBytes(2, 1, Uint8Array.from([0, 51, 102, 153, 204, 255]));
    const { dims, data } = imageTensor(image);
    expect(dims).toEqual([1, 3, 1, 2]);
    for (const [i, value] of [0, 0.6, 0.2, 0.8, 0.4, 1].entries()) expect(data[i]).toBeCloseTo(value, 6);
  });
});

describeShared('real models', ['models'], (folder) => {
  const home = modelHome({ ...process.env, CRAQUELURE_MODELS: folder, CRAQUELURE_CACHE: '/nonexistent' });

  it('carry a picture through TAESD’s latents and back', async () => {
    const image = grey(0, 64, 64);
    for (let i = 0; i < image.data.length; i++) image.data[i] = 0.5 + 0.4 * Math.sin(i / 640);
    const open = async <R extends 'vae-encoder' | 'vae-decoder'>(role: R) =>
      openModel(
        (await resolveModel(
          role,
          { kind: 'entry', id: 'taesd' },
          { home, baseDirs: [] },
        )) as ResolvedModel & { role: R },
      );
    const [encoder, decoder] = [await open('vae-encoder'), await open('vae-decoder')];
    const { latent } = await encoder.run({ image });
    expect(latent.dims).toEqual([1, 4, 8, 8]);
    const back = (await decoder.run({ latent })).image.data;
    const error = back.reduce((sum, value, i) => sum + (value - image.data[i]!) ** 2, 0) / back.length;
    expect(-10 * Math.log10(error)).toBeGreaterThan(25);
    await encoder.close();
    await decoder.close();
  });

  for (const id of ['style-great-wave', 'style-the-scream']) {
    it(`give ${id} the picture as it is: the file itself multiplies by 255 and divides again`, async () => {
      const model = await resolveModel('style-transfer', { kind: 'entry', id }, { home, baseDirs: [] });
      const opened = await openModel(model as ResolvedModel & { role: 'style-transfer' });
      const image = grey(0, 64, 64);
      for (let i = 0; i < image.data.length; i++) image.data[i] = 0.5 + 0.4 * Math.sin(i / 640);
      const { styled } = await opened.run({ image });
      const sorted = styled.data.toSorted();
      expect(sorted[0]).toBeGreaterThanOrEqual(0);
      expect(sorted[sorted.length >> 1]).toBeGreaterThan(0.1);
      expect(sorted.at(-1)).toBeGreaterThan(0.9);
      expect(sorted.at(-1)).toBeLessThanOrEqual(1);

      // The network normalises by instance, so its pictures hardly tell what its input was multiplied by; the graph does.
      const nodes = opened.graph.graph.nodes.filter(({ opType }) => opType !== 'Identity');
      const scalings = nodes.filter(({ opType }) => opType === 'Mul' || opType === 'Div');
      const constantOf = (name: string) => {
        const made = nodes.find(({ outputs }) => outputs[0] === name)?.attributes.value;
        return made?.kind === 'tensor' ? [...(loadStored(made.value, folder)?.data ?? [])] : undefined;
      };
      const [first, last] = [scalings[0]!, scalings.at(-1)!];
      expect([first.opType, constantOf(first.inputs[1]!)]).toEqual(['Mul', [255]]);
      expect([last.opType, constantOf(last.inputs[1]!)]).toEqual(['Div', [255]]);
      await opened.close();
    });
  }
});
