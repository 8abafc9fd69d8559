import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/image/codec.ts';
import { gaussianBlurBytes } from '../../src/image/filters/gaussian.ts';
import { fromBytes, type Image, toBytes } from '../../src/image/image.ts';
import { modelHome } from '../../src/models/home.ts';
import { openModel, type RoleModel } from '../../src/models/open.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { resolveModel } from '../../src/models/resolve.ts';
import type { ModelRole } from '../../src/models/roles.ts';
import { vectorOf } from '../../src/models/vectors.ts';
import { type TensorOf, tensor } from '../../src/onnx/tensor.ts';
import { featureSet } from '../../src/stats/sets/features.ts';
import { frechetDistance } from '../../src/stats/sets/frechet.ts';
import { kernelDistance } from '../../src/stats/sets/mmd.ts';
import { randomImage } from '../pictures.ts';
import { describeShared, sharedPath } from '../shared.ts';

const opened: RoleModel[] = [];
afterAll(() => Promise.all(opened.map((model) => model.close())));

async function open<R extends ModelRole>(role: R, id: string): Promise<RoleModel<R>> {
  const home = modelHome({ CRAQUELURE_MODELS: sharedPath('models') ?? '', CRAQUELURE_CACHE: '/no-cache' });
  const resolved = await resolveModel(role, { kind: 'entry', id }, { home, baseDirs: [] });
  const model = await openModel({ ...resolved, role });
  opened.push(model as unknown as RoleModel);
  return model;
}

type Floats = TensorOf<'float32'>;

/** Images of one size as one tensor. */
function batchOf(images: readonly Image[]): Floats {
  const parts = images.map((image) => imageTensor(image));
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  for (const [i, part] of parts.entries()) data.set(part.data, i * part.data.length);
  return tensor('float32', [images.length, ...parts[0]!.dims.slice(1)], data);
}

const blur = (image: Image, sigma: number): Image =>
  fromBytes(image.width, image.height, gaussianBlurBytes(toBytes(image), { ...image, channels: 3 }, sigma));

/** The largest difference between what eight pictures give alone and in batches of `size`, over the largest value. */
async function differenceInBatches(
  run: (images: readonly Image[]) => Promise<Float32Array>,
  side: number,
  size: number,
): Promise<number> {
  const images = Array.from({ length: 8 }, (_, i) => randomImage(side, side, { seed: i + 1 }));
  const values = async (of: number): Promise<number[]> => {
    const all: number[] = [];
    for (let i = 0; i < 8; i += of) all.push(...(await run(images.slice(i, i + of))));
    return all;
  };
  const [alone, together] = [await values(1), await values(size)];
  const largest = Math.max(...alone.map(Math.abs));
  return Math.max(...alone.map((value, i) => Math.abs(value - together[i]!))) / largest;
}

describe('values do not depend on how many pictures a network is shown at once', () => {
  it.each([2, 8])('atelier-eye, batches of %d', async (size) => {
    const eye = await open('image-embedder', 'atelier-eye');
    const run = async (images: readonly Image[]) =>
      (await eye.run({ image: batchOf(images) })).embedding.data;
    expect(await differenceInBatches(run, 128, size)).toBeLessThan(2e-6);
  });

  it.each([2, 8])('atelier-vae, batches of %d', async (size) => {
    const vae = await open('vae-encoder', 'atelier-vae');
    const run = async (images: readonly Image[]) => (await vae.run({ image: batchOf(images) })).latent.data;
    expect(await differenceInBatches(run, 64, size)).toBeLessThan(2e-6);
  });
});

describeShared('real networks, too', ['models', 'squeezenet1.1.onnx'], () => {
  it.each([2, 8])('SqueezeNet, batches of %d', async (size) => {
    const eye = await open('image-embedder', 'squeezenet1.1');
    const run = async (images: readonly Image[]) =>
      (await eye.run({ image: batchOf(images) })).embedding.data;
    expect(await differenceInBatches(run, 224, size)).toBeLessThan(2e-6);
  });

  it.each([2, 8])('LPIPS, batches of %d', async (size) => {
    const lpips = await open('perceptual', 'lpips-squeeze');
    const run = async (images: readonly Image[]) => {
      const moved = images.map((image) => ({ ...image, data: image.data.map((value) => 1 - value) }));
      return (await lpips.run({ a: batchOf(images), b: batchOf(moved) })).distance.data;
    };
    expect(await differenceInBatches(run, 64, size)).toBeLessThan(2e-6);
  });
});

describeShared('distances of real pictures by atelier-eye', ['images', 'monet-256'], (folder) => {
  it('are 0 for a set and itself, of three pictures and of twelve, and grow with the damage', async () => {
    const eye = await open('image-embedder', 'atelier-eye');
    const names = (await readdir(folder)).filter((name) => /\.(png|jpe?g)$/.test(name)).slice(0, 12);
    const images = await Promise.all(names.map((name) => readImage(join(folder, name))));
    const setOf = async (sigma: number, n = 12) => {
      const rows: Float32Array[] = [];
      for (const image of images.slice(0, n))
        rows.push(await vectorOf(eye, sigma === 0 ? image : blur(image, sigma)));
      const d = rows[0]!.length;
      return featureSet(`sigma ${sigma}`, [n, d], Float64Array.from(rows.flatMap((row) => [...row])));
    };
    const clean = await setOf(0);
    for (const set of [clean, await setOf(0, 3)]) {
      expect(await frechetDistance(set, set)).toBeLessThan(1e-12);
      expect(Math.abs(kernelDistance(set, set, 'paired'))).toBeLessThan(1e-12);
    }
    const blurred = [await setOf(0.7), await setOf(1.5), await setOf(3)];
    const distances: number[] = [];
    for (const set of blurred) distances.push(await frechetDistance(set, clean));
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(distances[0]).toBeGreaterThan(0);
    const kernels = blurred.map((set) => kernelDistance(set, clean, 'paired'));
    expect(kernels).toEqual([...kernels].sort((a, b) => a - b));
  });
});
