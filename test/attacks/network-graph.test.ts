import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chainGraph } from '../../src/attacks/graph/chain.ts';
import { cotangentName, gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { prepareRun } from '../../src/run/prepare.ts';
import { missingInputs, noMoments, undeclaredRole } from '../../src/messages/index.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { openPool } from '../../src/models/pool.ts';
import { builtModel, graphBuilder } from '../../src/onnx/builder.ts';
import { compose } from '../../src/onnx/transforms/compose.ts';
import { embed } from '../../src/onnx/transforms/embed.ts';
import { readModel, writeModel } from '../../src/onnx/files.ts';
import type { Model } from '../../src/onnx/model.ts';
import { fromNumbers, type NamedTensors, toFloat32 } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { openSession } from '../../src/runtime/session.ts';
import { countJobs, experimentFolder, runFile } from '../run-fixture.ts';
import { poolingEncoder, save, temporaryFolder } from '../models/fixture.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';
import { compared, linksOf, picture } from './graph-fixture.ts';
import { filter, modelsOf } from './network-models.ts';

const shelf = openPool({ threads: 1 });
afterAll(() => shelf.close());

const folder = await temporaryFolder();
const tiny = await writeTinyDiffusion(join(folder, 'tiny'));
const denoiser = (await save(filter('denoised'), join(folder, 'denoiser.onnx'))).path;
const modelled = await modelsOf(shelf, { vae: tiny, denoiser }, ['vae-encoder', 'vae-decoder', 'denoiser']);
const embedded = await modelsOf(shelf, {}, ['vae-encoder', 'vae-decoder']);

const run = async (model: Model, feeds: NamedTensors): Promise<NamedTensors> => {
  const session = await openSession(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
};

describe('the graph of a network attack', () => {
  // In grey levels: float32 sums in another order fall on the other side of a half now and then.
  const cases: readonly (readonly [text: string, max: number, mean: number])[] = [
    ['vae-round-trip', 1, 0.01],
    ['vae-round-trip(repeats=3)', 1, 0.01],
    ['vae-round-trip(latent=sampled)', 1, 0.01],
    ['vae-round-trip(latent=sampled, repeats=2, window=64, overlap=16)', 1, 0.01],
    ['vae-round-trip(window=64, overlap=16)', 1, 0.01],
    ['vae-round-trip | jpeg(quality=75) | gaussian-noise', 16, 0.8],
    ['denoise(repeats=2)', 1, 0.01],
    ['denoise(window=64, overlap=8)', 1, 0.01],
    ['vae-guided-cleaner(bilateral=8)', 1, 0.02],
  ];
  for (const size of [
    { width: 48, height: 32 },
    { width: 101, height: 70 },
    { width: 5, height: 11 },
  ]) {
    it.each(cases)(
      `%s gives what the attack gives for ${size.width} x ${size.height} px, within %d grey levels, mean %d`,
      async (text, max, mean) => {
        const off = await compared(linksOf(text, modelled), size);
        expect(off.max).toBeLessThanOrEqual(max);
        expect(off.mean).toBeLessThanOrEqual(mean);
      },
    );
  }

  it('holds by the autoencoder that ships with the package, too', async () => {
    const off = await compared(linksOf('vae-round-trip', embedded), { width: 72, height: 60 });
    expect(off.max).toBeLessThanOrEqual(1);
    expect(off.mean).toBeLessThanOrEqual(0.01);
  });

  it('holds a network once, however often the picture goes through it', async () => {
    const bytes = async (text: string): Promise<number> => {
      const { model } = await chainGraph(linksOf(text, embedded), { width: 64, height: 64 });
      return model.graph.initializers.reduce((sum, { raw }) => sum + (raw?.length ?? 0), 0);
    };
    const once = await bytes('vae-round-trip');
    expect(once).toBeGreaterThan(1e6);
    expect(await bytes('vae-round-trip(repeats=3)')).toBeLessThan(1.01 * once);
  });

  it('says which role is not played, and where there are no moments to draw from', async () => {
    const size = { width: 16, height: 16 };
    await expect(chainGraph(linksOf('vae-round-trip'), size)).rejects.toThrow(undeclaredRole('vae-encoder'));
    const { path } = await save(poolingEncoder, join(folder, 'pooling.onnx'));
    const plain = await modelsOf(
      shelf,
      { 'vae-encoder': { file: path, range: [0, 1], scale: 1 }, 'vae-decoder': { folder: tiny } },
      ['vae-encoder', 'vae-decoder'],
    );
    const sampled = 'vae-round-trip(latent=sampled)';
    await expect(chainGraph(linksOf(sampled, plain), size)).rejects.toThrow(noMoments(path, sampled));
  });
});

describe('the gradient through a VAE round trip', () => {
  const size = { width: 32, height: 24 };
  const values = 3 * size.width * size.height;

  it('is that of decoder after encoder, where nothing is clipped', async () => {
    const random = seededRandom(3);
    const ct = Float32Array.from({ length: values }, () => random.normal());
    const dims = [1, 3, size.height, size.width];
    const image = imageTensor(picture(size));
    const [encoder, decoder] = [await modelled.open('vae-encoder'), await modelled.open('vae-decoder')];
    const plain = compose(encoder.graph, decoder.graph, { join: { latent: 'latent' }, prefix: 'decoder.' });
    const given = plain.graph.outputs.at(-1)!.name;
    const bare = await run(plain, { image });
    const inside = toFloat32(bare[given]!).map((v) => Number(v >= 0 && v <= 1));
    expect(inside.includes(0) && inside.includes(1)).toBe(true);
    const wanted = gradientGraph(plain, { cotangent: [given], wrt: ['image'], outputs: [] });
    const reference = await run(wanted, {
      image,
      [cotangentName(given)]: fromNumbers(
        'float32',
        dims,
        ct.map((v, i) => v * inside[i]!),
      ),
    });
    const { model } = await chainGraph(linksOf('vae-round-trip', modelled), size);
    const through = gradientGraph(model, { cotangent: ['attacked'], wrt: ['image'], outputs: [] });
    const made = await run(through, {
      image,
      [cotangentName('attacked')]: fromNumbers('float32', dims, ct),
    });

    const [a, b] = [made, reference].map((results) => toFloat32(results[gradientName('image')]!));
    const largest = Math.max(...b!.map(Math.abs));
    expect(largest).toBeGreaterThan(0.01);
    expect(Math.max(...a!.map((v, i) => Math.abs(v - b![i]!)))).toBeLessThan(1e-4 * largest);
  });

  it.each([
    'vae-round-trip(repeats=2) | jpeg(quality=75)',
    'vae-round-trip(latent=sampled)',
    'denoise(window=64)',
    'vae-guided-cleaner(bilateral=2)',
  ])('%s can be differentiated at odd sides, in windows', async (text) => {
    const odd = { width: 75, height: 21 };
    const made = await chainGraph(linksOf(text, modelled), odd);
    const { drawsOf } = await import('../../src/plugin/transformation.ts');
    const dims = [1, 3, odd.height, odd.width];
    const ones = fromNumbers('float32', dims, new Float32Array(3 * 75 * 21).fill(1));
    const results = await run(
      gradientGraph(made.model, { cotangent: ['attacked'], wrt: ['image'], outputs: [] }),
      {
        image: imageTensor(picture(odd)),
        [cotangentName('attacked')]: ones,
        ...drawsOf(made, seededRandom(1)),
      },
    );
    const gradient = toFloat32(results[gradientName('image')]!);
    expect(gradient.every(Number.isFinite)).toBe(true);
    expect(gradient.some((value) => value !== 0)).toBe(true);
  });
});

describe('a model in a graph under construction', () => {
  it('has to be fed whole', () => {
    const g = graphBuilder({ opset: 17 });
    expect(() => embed(g, poolingEncoder, {})).toThrow(missingInputs(poolingEncoder.graph.name, ['sample']));
  });

  it('gives what it gives alone, twice over with one set of weights', async () => {
    const inner = filter('denoised');
    const g = graphBuilder({ opset: 18 });
    const image = { name: 'image', dtype: 'float32', shape: ['n', 3, 'h', 'w'] } as const;
    g.declare('image', { dtype: 'float32', shape: ['n', 3, 'h', 'w'] });
    const once = embed(g, inner, { image: 'image' }).denoised!;
    const twice = embed(g, inner, { image: once }).denoised!;
    expect(g.initializers).toHaveLength(inner.graph.initializers.length);
    const given = { image: imageTensor(picture({ width: 9, height: 7 })) };
    const alone = await run(inner, given);
    const again = await run(inner, { image: alone.denoised! });
    const results = await run(builtModel(g, [image], [once, twice]), given);
    expect(toFloat32(results[once]!)).toEqual(toFloat32(alone.denoised!));
    expect(toFloat32(results[twice]!)).toEqual(toFloat32(again.denoised!));
  });
});

describe('a protection that expects a VAE round trip', () => {
  const yaml = `
name: expects
dataset: IMAGES
models: { vae-decoder: { file: DECODER, scale: 1, range: [0, 1] } }
protections:
  - mist: { steps: 2, mode: textural, eot: [vae-round-trip, vae-round-trip | jpeg(quality=75)] }
attacks: [vae-round-trip]
metrics: [psnr]
`;

  beforeEach(async () => {
    vi.stubEnv('CRAQUELURE_MODELS', '');
    vi.stubEnv('CRAQUELURE_CACHE', await temporaryFolder());
  });
  afterEach(() => vi.unstubAllEnvs());

  /** An experiment with a decoder of its own. */
  async function experiment() {
    const decoder = join(await temporaryFolder(), 'decoder.onnx');
    const { files } = (await embedded.open('vae-decoder')).model;
    await writeFile(decoder, await readFile(files[0]!.path));
    return { decoder, ...(await experimentFolder(yaml.replace('DECODER', decoder), 1)) };
  }

  it('needs encoder and decoder before anything runs, and says so where one is missing', async () => {
    const { file } = await experimentFolder(yaml.replace('DECODER', '/nowhere/decoder.onnx'), 1);
    const only = [{ attack: 'vae-round-trip' }];
    await expect(prepareRun(file, { maxPixels: 1e6, only })).rejects.toThrow('/nowhere/decoder.onnx');
    const here = await experiment();
    const { plan } = await prepareRun(here.file, { out: here.dir, maxPixels: 1e6 });
    expect(plan.models.map(({ role }) => role).sort()).toEqual(['vae-decoder', 'vae-encoder']);
    const [link] = plan.cells[0]!.protection.links;
    expect(Object.keys(link!.models!)).toEqual(['vae-encoder']);
    expect(Object.keys(link!.chains!.eot![1]![0]!.models!)).toEqual(['vae-encoder', 'vae-decoder']);
  });

  it('runs, is found again, and is made anew when the decoder that it expects is another', async () => {
    const here = await experiment();
    const first = await runFile(here);
    expect(first.folder.rows.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(first.folder.manifest.models!.map(({ role }) => role)).toContain('vae-decoder');
    const again = await runFile(here, { out: join(here.dir, 'again') });
    expect([countJobs(again, 'protect'), countJobs(again, 'protect', 'reused')]).toEqual([0, 1]);

    // The same network in another file: metadata tells the bytes apart.
    await writeModel({ ...(await readModel(here.decoder)), metadata: { note: 'another' } }, here.decoder);
    const changed = await runFile(here, { out: join(here.dir, 'changed') });
    expect(countJobs(changed, 'protect')).toBe(1);
    const values = ({ folder: { rows } }: typeof first) => rows.map(({ value }) => value);
    expect(values(changed)).toEqual(values(first));
  });
});
