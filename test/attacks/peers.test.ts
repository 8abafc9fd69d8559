/** @file Attacks beside OpenCV, Pillow and scikit-image on pictures of odd sizes, grey ones and transparent ones among them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type AttackId, attacks } from '../../src/attacks/index.ts';
import { fromBytes, type Image, toBytes } from '../../src/image/image.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { seededRandom } from '../../src/random.ts';

interface Case {
  readonly filter: AttackId;
  readonly params: Record<string, number | string>;
  /** How far values may be from the peer's, and on average. */
  readonly max: number;
  readonly mean: number;
}

const exact = { max: 0, mean: 0 };
// Float32 sums in another order now and then fall on the other side of a half.
const nearly = { max: 1, mean: 2e-3 };

const CASES: readonly Case[] = [
  ...[0.3, 1, 2.2, 9].map((sigma) => ({ filter: 'gaussian-blur' as const, params: { sigma }, ...exact })),
  ...[3, 5, 7, 9, 13].map((size) => ({ filter: 'median' as const, params: { size }, ...exact })),
  ...['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'].map((kernel) => ({
    filter: 'rescale' as const,
    params: { scale: 0.61, kernel },
    ...exact,
  })),
  { filter: 'non-local-means', params: { h: 6, hColor: 6, template: 7, search: 21 }, ...exact },
  { filter: 'non-local-means', params: { h: 20, hColor: 3.5, template: 5, search: 11 }, ...exact },
  { filter: 'bilateral', params: { diameter: 5, sigmaColor: 30, sigmaSpace: 4 }, ...nearly },
  { filter: 'bilateral', params: { diameter: 11, sigmaColor: 60, sigmaSpace: 3 }, ...nearly },
  { filter: 'guided', params: { radius: 4, eps: 100 }, ...nearly },
  { filter: 'guided', params: { radius: 30, eps: 400 }, ...nearly },
  { filter: 'wavelet', params: { method: 'bayes', sigma: 9.3, wavelet: 'db2' }, ...nearly },
  { filter: 'wavelet', params: { method: 'visu', sigma: 7.1, wavelet: 'db4' }, ...nearly },
  // Truncation doubles what 68 filters in float32 add up to.
  { filter: 'adverse-cleaner', params: { bilateral: 64, guidedCount: 4 }, max: 1, mean: 0.05 },
];

/** Waves, edges and noise, no two sizes alike; a grey one has three equal channels. */
function picture(width: number, height: number, grey: boolean): Image {
  const random = seededRandom(width * 1000 + height);
  const data = new Uint8ClampedArray(3 * width * height);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    alpha[i] = random.int(256);
    for (let c = 0; c < 3; c++) {
      const wave = 120 + 80 * Math.sin(x / (7 + c) + y / 11) + (x * 2 > y + width / 2 ? 60 : 0);
      data[3 * i + c] = grey && c > 0 ? data[3 * i]! : wave + 9 * random.normal();
    }
  }
  return fromBytes(width, height, data, alpha);
}

const PICTURES = [
  picture(2, 2, false),
  picture(3, 50, false),
  picture(53, 3, true),
  picture(17, 23, false),
  picture(101, 67, true),
  picture(211, 157, false),
];

const python = process.env.CRAQUELURE_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('./peers.py', import.meta.url));

/** What the peers make of every picture in every case; undefined with a printed reason where they are absent. */
function peers(): Uint8Array[] | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'craquelure-peers-'));
  try {
    const all = PICTURES.flatMap((image) => CASES.map((one) => ({ ...one, image })));
    writeFileSync(
      join(folder, 'cases.json'),
      JSON.stringify(
        all.map(({ filter, params, image: { width, height } }) => ({ filter, params, width, height })),
      ),
    );
    for (const [i, { image }] of all.entries()) writeFileSync(join(folder, `${i}.in`), toBytes(image));
    const { status, stderr, error } = spawnSync(python, [script, folder], { encoding: 'utf8' });
    if (status === 0) return all.map((_, i) => readFileSync(join(folder, `${i}.out`)));
    const reason = error?.message ?? stderr.trim().split('\n').at(-1);
    process.stderr.write(`skipped: attacks beside OpenCV, Pillow and scikit-image (${python}: ${reason})\n`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const expected = peers();

describe.skipIf(expected === undefined)('beside OpenCV, Pillow and scikit-image', () => {
  for (const [k, image] of PICTURES.entries()) {
    it.each(CASES.map((one, i) => ({ ...one, at: k * CASES.length + i })))(
      `$filter $params differs by at most $max, $mean on average, on ${image.width} x ${image.height} px; opacity stays`,
      async ({ filter, params, max, mean, at }) => {
        const attack = attacks[filter];
        const attacked = await attack.apply(image, parseParameters(attack, params), {
          random: seededRandom(0),
        });
        const off = toBytes(attacked).map((value, i) => Math.abs(value - expected![at]![i]!));
        expect(off.length).toBe(expected![at]!.length);
        expect(Math.max(...off)).toBeLessThanOrEqual(max);
        expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThanOrEqual(mean);
        expect(attacked.alpha).toEqual(image.alpha);
      },
    );
  }
});
