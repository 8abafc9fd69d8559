import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { attacks } from '../../src/attacks/index.ts';
import { type Image, toBytes } from '../../src/image/image.ts';
import { absentModel, noMoments } from '../../src/messages/index.ts';
import { catalogue } from '../../src/models/catalogue/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { openPool } from '../../src/models/pool.ts';
import { parseChain } from '../../src/plugin/call.ts';
import { defaultParameters } from '../../src/plugin/parameters.ts';
import { resolveCall } from '../plugin/resolve-call.ts';
import { seededRandom } from '../../src/random.ts';
import { absoluteDistance, emptyHome, poolingEncoder, save, temporaryFolder } from '../models/fixture.ts';
import { randomImage } from '../pictures.ts';
import { describeShared } from '../shared.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';
import { filter, modelsOf } from './network-models.ts';

const shelf = openPool({ threads: 1 });
afterAll(() => shelf.close());

const folder = await temporaryFolder();
const tiny = await writeTinyDiffusion(join(folder, 'tiny'));
const upscaler = await writeTinyDiffusion(join(folder, 'x4'), { upscaler: true, prediction: 'v_prediction' });
const denoiser = (await save(filter('denoised'), join(folder, 'denoiser.onnx'))).path;
const perceptual = (await save(absoluteDistance, join(folder, 'distance.onnx'))).path;
const enlarger = (await save(filter('upscaled'), join(folder, 'upscaler.onnx'))).path;

/** Each network attack in little steps, and what plays its roles. */
const cases: readonly (readonly [call: string, choices: Readonly<Record<string, unknown>>])[] = [
  ['vae-round-trip(repeats=2)', { vae: tiny }],
  ['vae-round-trip(latent=sampled)', { vae: tiny }],
  ['vae-guided-cleaner(bilateral=8)', { vae: tiny }],
  ['denoise(repeats=2)', { denoiser }],
  ['noisy-upscaling-proxy', { upscaler: enlarger }],
  ['noisy-upscaling(steps=3, prompt="a cat")', { diffusion: upscaler }],
  ['img2img(strength=0.3, steps=10, prompt="a cat")', { diffusion: tiny }],
  ['latent-diffpure-proxy(timestep=50, steps=3, repeats=2)', { diffusion: tiny }],
  ['latent-grid-pure-proxy(repeats=2)', { diffusion: tiny }],
  ['pixel-diffpure-proxy(timestep=60, steps=3)', { denoiser }],
  ['impress(steps=4)', { vae: tiny, perceptual }],
];

async function attack(
  text: string,
  image: Image,
  choices: Readonly<Record<string, unknown>>,
  {
    seed = 7,
    ...context
  }: { seed?: number; signal?: AbortSignal; onProgress?: (fraction: number) => void } = {},
): Promise<Image> {
  const { plugin, params } = resolveCall('attack', attacks, parseChain(text)[0]!);
  const models = await modelsOf(
    shelf,
    choices,
    plugin.needs(params).map(({ role }) => role),
  );
  return plugin.apply(image, params, { random: seededRandom(seed), models, ...context });
}

/** The same call in small windows. */
const windowed = (text: string): string =>
  text.includes('(') ? text.replace(/\)$/, ', window=64, overlap=16)') : `${text}(window=64, overlap=16)`;

describe.each(cases)('%s', (text, choices) => {
  it('gives the same pixels for the same seed, in 0..1, and leaves its input alone', async () => {
    const image = randomImage(48, 32);
    const before = image.data.slice();
    const first = await attack(text, image, choices);
    const second = await attack(text, image, choices);
    expect(image.data).toEqual(before);
    expect(second.data).toEqual(first.data);
    expect(first.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(first.data).not.toEqual(before);
  });

  it.each([
    [1, 1],
    [33, 20],
    [70, 19],
  ])('takes %i x %i pixels and keeps opacity as it is', async (width, height) => {
    const image = randomImage(width, height, { alpha: true });
    const attacked = await attack(windowed(text), image, choices);
    expect([attacked.width, attacked.height, attacked.data.length]).toEqual([
      width,
      height,
      3 * width * height,
    ]);
    expect(attacked.alpha).toEqual(image.alpha);
  });

  it('goes on without a step back', async () => {
    const seen = [0];
    const call = windowed(text);
    await attack(call, randomImage(100, 40), choices, { onProgress: (fraction) => seen.push(fraction) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(Math.max(...seen)).toBeLessThanOrEqual(1);
  });

  it('stops where it is told to', async () => {
    const signal = AbortSignal.abort();
    await expect(attack(text, randomImage(16, 16), choices, { signal })).rejects.toThrow();
  });
});

describe('sides that a network does not take', () => {
  /** The same picture with its sides completed to multiples of `multiple` by reflection, the edge itself not repeated. */
  const completed = (image: Image, multiple: number): Image => {
    const [width, height] = [image.width, image.height].map(
      (side) => Math.ceil(side / multiple) * multiple,
    ) as [number, number];
    const inside = (at: number, side: number): number => (at < side ? at : 2 * side - 2 - at);
    const data = Float32Array.from({ length: 3 * width * height }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return image.data[3 * (inside(y, image.height) * image.width + inside(x, image.width)) + (i % 3)]!;
    });
    return { width, height, data };
  };

  it.each([
    ['vae-round-trip', { vae: tiny }],
    ['img2img(strength=0.3, steps=10)', { diffusion: tiny }],
    ['latent-grid-pure-proxy(repeats=2)', { diffusion: tiny }],
  ])('%s completes by reflection and crops back', async (text, choices) => {
    const image = randomImage(43, 29);
    const whole = await attack(text, completed(image, 16), choices);
    const part = await attack(text, image, choices);
    const cropped = part.data.map((_, i) => {
      const [x, y] = [Math.floor(i / 3) % 43, Math.floor(i / 129)];
      return whole.data[3 * (y * whole.width + x) + (i % 3)]!;
    });
    expect(part.data).toEqual(cropped);
  });
});

describe('network attacks', () => {
  const random = cases.filter(([text]) => !/^denoise|guided|latent=sampled|repeats=2\)$/.test(text));
  it.each(random)('%s depends on the seed', async (text, choices) => {
    const image = randomImage(32, 32);
    const [a, b] = [
      await attack(text, image, choices, { seed: 1 }),
      await attack(text, image, choices, { seed: 2 }),
    ];
    expect(a.data).not.toEqual(b.data);
  });

  it('vae-round-trip draws from the moments only where it is told to', async () => {
    const image = randomImage(32, 32);
    const at = (text: string, seed: number) => attack(text, image, { vae: tiny }, { seed });
    expect((await at('vae-round-trip', 1)).data).toEqual((await at('vae-round-trip', 2)).data);
    const sampled = 'vae-round-trip(latent=sampled)';
    expect((await at(sampled, 1)).data).not.toEqual((await at(sampled, 2)).data);
  });

  it('vae-round-trip says so where an encoder has no moments', async () => {
    const { path } = await save(poolingEncoder, join(folder, 'pooling.onnx'));
    const choices = {
      'vae-encoder': { file: path, range: [0, 1], scale: 1 },
      'vae-decoder': { folder: tiny },
    };
    await expect(attack('vae-round-trip(latent=sampled)', randomImage(16, 16), choices)).rejects.toThrow(
      noMoments(path, 'vae-round-trip(latent=sampled)'),
    );
  });

  it('noisy-upscaling is played by the published upscaler or not at all', async () => {
    const plugin = attacks['noisy-upscaling'];
    const { pins = {} } = plugin;
    const needs = plugin.needs(defaultParameters(plugin));
    const home = await emptyHome({ entries: catalogue });
    const pinned = needs.map(({ role }) => ({ role, by: 'noisy-upscaling', model: pins[role] as string }));
    const choices = parseModelChoices({ diffusion: tiny });
    const { published } = catalogue.find(({ id }) => id === 'sd-x4-upscaler')!;
    const absent = Object.keys(published!.files).filter((name) => name.startsWith('unet/'));
    await expect(resolveNeeds(pinned.slice(0, 1), choices, { home, baseDirs: ['/'] })).rejects.toThrow(
      absentModel('sd-x4-upscaler', absent, { published: true, obtain: undefined }),
    );
  });

  it('a prompt steers, and equal prompts cost no second pass', async () => {
    const image = randomImage(32, 32);
    const at = (text: string) => attack(text, image, { diffusion: tiny });
    const [plain, cat] = [await at('img2img(steps=10)'), await at('img2img(steps=10, prompt="a cat")')];
    expect(cat.data).not.toEqual(plain.data);
    const same = await at('img2img(steps=10, guidance=1)');
    expect(same.data).toEqual(plain.data);
  });
});

describeShared('network attacks with real models', ['models', 'taesd-encoder.onnx'], (encoder) => {
  const models = join(encoder, '..');
  const vae = { encoder, decoder: join(models, 'taesd-decoder.onnx'), scale: 1, range: [0, 1] };
  const psnr = (a: Image, b: Image): number => {
    const [x, y] = [toBytes(a), toBytes(b)];
    const error = x.reduce((sum, value, i) => sum + (value - y[i]!) ** 2, 0) / x.length;
    return 10 * Math.log10(255 ** 2 / error);
  };
  /** Soft waves of colour: a picture that an autoencoder knows. */
  const waves: Image = {
    width: 96,
    height: 80,
    data: Float32Array.from({ length: 96 * 80 * 3 }, (_, i) => {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % 96, Math.floor(i / 288)];
      return 0.5 + 0.3 * Math.sin(x / 17 + c) * Math.cos(y / 13 - c);
    }),
  };
  const noisy: Image = (() => {
    const random = seededRandom(5);
    return {
      ...waves,
      data: waves.data.map((value) => Math.min(1, Math.max(0, value + 0.1 * random.normal()))),
    };
  })();

  it('an autoencoder gives back about what it was given', async () => {
    const attacked = await attack('vae-round-trip', waves, { vae });
    expect(psnr(attacked, waves)).toBeGreaterThan(28);
  });

  it('windows leave no seam: the same within a grey level as the whole at once, on average', async () => {
    const [whole, parts] = [
      await attack('vae-round-trip', waves, { vae }),
      await attack('vae-round-trip(window=64, overlap=32)', waves, { vae }),
    ];
    expect(psnr(parts, whole)).toBeGreaterThan(40);
  });

  it('impress makes a noisy picture one that the autoencoder keeps, and stays near it', async () => {
    const choices = { vae, perceptual: join(models, 'lpips-squeeze.onnx') };
    const inconsistency = async (image: Image): Promise<number> =>
      -psnr(await attack('vae-round-trip', image, { vae }), image);
    const attacked = await attack('impress(steps=30, startNoise=0)', noisy, choices);
    expect(await inconsistency(attacked)).toBeLessThan((await inconsistency(noisy)) - 2);
    expect(psnr(attacked, noisy)).toBeGreaterThan(15);
  });

  it('a denoiser takes noise away', async () => {
    const file = join(models, 'bf-cnn-color.onnx');
    const attacked = await attack('denoise', noisy, { denoiser: file });
    expect(psnr(attacked, waves)).toBeGreaterThan(psnr(noisy, waves) + 10);
  });

  it('diffusion by a denoiser brings back the picture under the noise that it adds', async () => {
    const file = join(models, 'bf-cnn-color.onnx');
    const gentle = await attack('pixel-diffpure-proxy(timestep=20, steps=5)', noisy, { denoiser: file });
    expect(psnr(gentle, waves)).toBeGreaterThan(psnr(noisy, waves) + 5);
    const harsh = await attack('pixel-diffpure-proxy(timestep=150, steps=5)', noisy, { denoiser: file });
    expect(psnr(harsh, waves)).toBeGreaterThan(20);
  });

  it('an upscaler takes the place of the published one under another name', async () => {
    const file = join(models, 'realesr-general-x4v3.onnx');
    const attacked = await attack('noisy-upscaling-proxy(sigma=10)', noisy, { upscaler: file });
    expect(psnr(attacked, waves)).toBeGreaterThan(18);
  });
});
