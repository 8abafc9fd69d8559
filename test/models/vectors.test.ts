import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImage } from '../../src/image/codec.ts';
import { fromBytes, type Image } from '../../src/image/image.ts';
import { misfitSize } from '../../src/messages/index.ts';
import type { Fill } from '../../src/models/entry.ts';
import { openModel } from '../../src/models/open.ts';
import { resolveModel } from '../../src/models/resolve.ts';
import { type VectorRole, vectorOf } from '../../src/models/vectors.ts';
import type { Model } from '../../src/onnx/model.ts';
import { modelOf, node, port } from '../runtime/models.ts';
import { describeShared } from '../shared.ts';
import { emptyHome, save, temporaryFolder } from './fixture.ts';

/** Gives back the pixels that it is shown. */
const mirror = (output: string, d: number | string = 'd'): Model =>
  modelOf({
    inputs: [port('image', ['n', 3, 'h', 'w'])],
    outputs: [port(output, ['n', d])],
    nodes: [node('Flatten', ['image'], [output])],
  });

async function open<R extends VectorRole>(role: R, model: Model, fill: Fill = {}) {
  const { path } = await save(model, join(await temporaryFolder(), 'eye.onnx'));
  const surroundings = { home: await emptyHome(), baseDirs: ['/'] };
  const resolved = await resolveModel(role, { kind: 'file', path, fill }, surroundings);
  return openModel({ ...resolved, role });
}

const pattern = (width: number, height: number): Image => {
  const bytes = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        bytes[(y * width + x) * 3 + c] = (x * 7 + y * 13 + c * 29 + ((x * y) % 17) * 9) % 256;
      }
    }
  }
  return fromBytes(width, height, bytes);
};

const levels = (values: Float32Array): number[] => Array.from(values, (value) => Math.round(255 * value));

describe('a picture on its way to an embedder', () => {
  // Pillow 9.4.0: resize((5, int(5 h / w)), BICUBIC), crop from int(round(margin / 2)); red channel.
  const tall = [
    83, 141, 150, 151, 137, 152, 148, 132, 119, 93, 129, 104, 94, 85, 121, 117, 84, 111, 140, 154, 115, 162,
    175, 162, 132,
  ];
  const wide = [
    163, 144, 157, 143, 108, 140, 146, 109, 103, 95, 128, 114, 84, 96, 109, 100, 84, 100, 136, 151, 93, 87,
    163, 170, 172,
  ];

  it("is the middle of the picture resized by its shortest side, equal to CLIP's own preprocessing", async () => {
    const model = await open('image-embedder', mirror('embedding'), { size: 5 });
    expect(levels(await vectorOf(model, pattern(23, 31))).slice(0, 25)).toEqual(tall);
    expect(levels(await vectorOf(model, pattern(40, 17))).slice(0, 25)).toEqual(wide);
  });

  it('is the picture itself where the model takes any size, cut to whole multiples', async () => {
    const model = await open('image-embedder', mirror('embedding'), { multiple: 8 });
    expect(await vectorOf(model, pattern(17, 33))).toHaveLength(3 * 16 * 32);
    await expect(vectorOf(model, pattern(7, 33))).rejects.toThrow(
      misfitSize(model.model.id, { width: 7, height: 33 }, 'sides that are multiples of 8 px'),
    );
  });

  it('is stretched in float32 for the Inception network, equal to clean-fid', async () => {
    const model = await open('fid-features', mirror('features', 2048), { size: 299 });
    const at = (values: Float32Array, [c, y, x]: readonly number[]): number =>
      255 * values[(c! * 299 + y!) * 299 + x!]!;
    // Pillow 9.4.0, each channel in mode F, clipped to 0..255.
    const small = await vectorOf(model, pattern(23, 31));
    const large = await vectorOf(model, pattern(700, 450));
    const expected: [Float32Array, number[], number][] = [
      [small, [0, 0, 0], 0],
      [small, [1, 150, 149], 155.1212158203125],
      [small, [2, 298, 298], 240.53904724121094],
      [small, [0, 7, 200], 138.43527221679688],
      [small, [2, 120, 3], 225.7008056640625],
      [large, [0, 0, 0], 10.700943946838379],
      [large, [1, 150, 149], 124.99232482910156],
      [large, [2, 298, 298], 95.62440490722656],
    ];
    for (const [values, place, value] of expected) expect(at(values, place)).toBeCloseTo(value, 3);
  });
});

describeShared('the vectors of a real network', ['models', 'squeezenet1.1.onnx'], (path) => {
  it('do not depend on the size of the file, on alpha or on how often it is asked', async () => {
    const home = { ...(await emptyHome()), folders: [join(path, '..')] };
    const { embedders } = await import('../../src/models/catalogue/embedders.ts');
    const resolved = await resolveModel(
      'image-embedder',
      { kind: 'entry', id: 'squeezenet1.1' },
      { home: { ...home, entries: embedders }, baseDirs: [] },
    );
    const model = await openModel({ ...resolved, role: 'image-embedder' });
    const image = await readImage(join(path, '..', '..', 'images', 'umass', (await firstOf(path))!));
    const vector = await vectorOf(model, image);
    expect(vector).toHaveLength(512);
    expect(await vectorOf(model, { ...image, alpha: new Uint8Array(image.width * image.height) })).toEqual(
      vector,
    );
    await model.close();
  });
});

async function firstOf(path: string): Promise<string | undefined> {
  const { readdir } = await import('node:fs/promises');
  return (await readdir(join(path, '..', '..', 'images', 'umass'))).find((name) =>
    /\.(png|jpe?g)$/.test(name),
  );
}
