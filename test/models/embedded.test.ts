import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { paint } from '../../src/atelier/paint.ts';
import type { PainterId } from '../../src/atelier/painters/index.ts';
import { readImage } from '../../src/image/codec.ts';
import { catalogue } from '../../src/models/catalogue/index.ts';
import { formHere } from '../../src/models/forms.ts';
import { modelHome } from '../../src/models/home.ts';
import { encoderWindows, latentsOf } from '../../src/models/latents.ts';
import { openModel, type RoleModel } from '../../src/models/open.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { resolveModel, resolveNeeds } from '../../src/models/resolve.ts';
import type { ModelRole } from '../../src/models/roles.ts';
import { vectorOf } from '../../src/models/vectors.ts';
import { describeShared, sharedPath } from '../shared.ts';

/** A machine that has nothing but this package. */
const bare = { home: modelHome({ CRAQUELURE_CACHE: '/nowhere', HF_HOME: '/nowhere' }), baseDirs: [] };
const embedded = catalogue.filter((entry) => entry.embedded);

const opened = async <R extends ModelRole>(role: R): Promise<RoleModel<R>> => {
  const [model] = await resolveNeeds([{ role, by: 'this test' }], {}, bare);
  return openModel(model as typeof model & { readonly role: R });
};

const decibels = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - Math.min(1, Math.max(0, b[i]!))) ** 2;
  return -10 * Math.log10(sum / a.length);
};

const correlation = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  const n = a.length;
  const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((sum, v) => sum + v, 0) / n;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
};

describe('the models that ship with the package', () => {
  it.each(embedded)('are the files that the registry says: $id', async (entry) => {
    for (const file of (await formHere(entry, bare.home, undefined, { fresh: true })).found) {
      const { bytes, sha256 } = entry.files[file.name]!;
      expect(file).toMatchObject({ state: 'ok', bytes, sha256 });
    }
  });

  it.each(embedded)('fill their roles: $id', async (entry) => {
    for (const role of Object.keys(entry.roles) as ModelRole[]) {
      const model = await openModel(await resolveModel(role, { kind: 'entry', id: entry.id }, bare));
      expect(model.graph.graph.initializers.every(({ dtype }) => dtype !== 'float16')).toBe(true);
      await model.close();
    }
  });

  it.each(embedded)('have a card that says how they were made: $id', async ({ id }) => {
    expect(await readdir(join(bare.home.embedded, id))).toContain('README.md');
  });

  it('weigh less than 30 MB together', () => {
    const sizes = embedded.flatMap(({ files }) => Object.values(files).map(({ bytes }) => bytes!));
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(30e6);
  });

  it.each([
    ['vae-encoder', 'atelier-vae'],
    ['vae-decoder', 'atelier-vae'],
    ['image-embedder', 'atelier-eye'],
    ['unet', 'atelier-unet'],
    ['text-encoder', 'atelier-text'],
  ] as const)('play the role %s where nobody chose a model', async (role, id) => {
    const [model] = await resolveNeeds([{ role, by: 'this test' }], {}, bare);
    expect(model).toMatchObject({ id, trust: 'registry' });
  });
});

describe('atelier-vae', () => {
  it('carries paintings through its latents and back', async () => {
    const encoder = await opened('vae-encoder');
    const decoder = await opened('vae-decoder');
    for (const [painter, bound] of [
      ['marchetti', 21],
      ['dima', 21],
      ['zielony', 16],
    ] as const) {
      const picture = paint({ painter, motif: 'boat', size: 256, seed: 5 });
      const { latent } = await encoder.run({ image: imageTensor(picture) });
      expect(latent.dims).toEqual([1, 4, 32, 32]);
      const { image } = await decoder.run({ latent });
      expect(image.dims).toEqual([1, 3, 256, 256]);
      expect(decibels(imageTensor(picture).data, image.data)).toBeGreaterThan(bound);
    }
    await Promise.all([encoder.close(), decoder.close()]);
  });
});

describe('atelier-eye', () => {
  const angle = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

  it('puts two paintings of one painter nearer to each other than paintings of one view by two painters', async () => {
    const eye = await opened('image-embedder');
    const vector = (painter: PainterId, motif: 'boat' | 'city'): Promise<Float32Array> =>
      vectorOf(eye, paint({ painter, motif, size: 256, seed: 9 }));
    const painters = ['velthuis', 'brandt', 'morozumi'] as const;
    const [boats, cities] = [[], []] as Float32Array[][];
    for (const painter of painters) {
      boats!.push(await vector(painter, 'boat'));
      cities!.push(await vector(painter, 'city'));
    }
    for (const [i, boat] of boats!.entries()) {
      expect(angle(boat, boat)).toBeCloseTo(1, 4);
      const others = boats!.filter((_, k) => k !== i);
      expect(angle(boat, cities![i]!)).toBeGreaterThan(
        Math.max(...others.map((other) => angle(boat, other))),
      );
    }
    await eye.close();
  });
});

describeShared(
  'atelier-vae and the network that it was distilled from',
  ['models', 'taesd-encoder.onnx'],
  (teacher) => {
    it('sees nearly the same latents in photographs that it was not trained on', async () => {
      const student = await opened('vae-encoder');
      const choice = { kind: 'file', path: teacher, fill: { mean: 0, std: 1, scale: 1 } } as const;
      const resolved = await resolveModel('vae-encoder', choice, { ...bare, baseDirs: ['/'] });
      const taesd = await openModel({ ...resolved, role: 'vae-encoder' });
      const found = [];
      for (const name of ['00.png', '03.png', '05.png']) {
        const image = await readImage(sharedPath('images', 'kodak', name)!);
        const planes = imageTensor(image).data;
        const windows = encoderWindows(student, image, { side: 256, overlap: 0 }).slice(0, 1);
        const [[ours], [theirs]] = [
          await latentsOf(student, planes, image, windows),
          await latentsOf(taesd, planes, image, windows),
        ];
        found.push(correlation(ours!.data, theirs!.data));
      }
      expect(Math.min(...found)).toBeGreaterThan(0.8);
      await Promise.all([student.close(), taesd.close()]);
    });
  },
);
