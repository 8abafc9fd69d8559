import { describe, expect, it } from 'vitest';
import { acrossSeeds } from '../../src/analysis/values.ts';
import { fromOneTraining, inferenceFor, underSeed } from '../../src/analysis/replication.ts';
import type { RunFolder } from '../../src/run/run-folder.ts';
import { seededRandom } from '../../src/random.ts';
import type { Inference } from '../../src/stats/inference.ts';

const items = ['A', 'B', 'C', 'D'].flatMap((artist) =>
  [0, 1, 2].map((i) => ({ id: `${artist}/${i}.png`, artist })),
);
const run = { manifest: { dataset: { items } } } as unknown as RunFolder;
const options = { method: 't', cluster: 'image', draws: 200, seed: 0 } as const;
const samples = (artist: string): string[] =>
  ['a boat', 'a city', 'a: b'].flatMap((prompt) => [1, 2].map((k) => `${artist}: ${prompt} #${k}`));
const all = ['A', 'B', 'C', 'D'].flatMap(samples);
const replicatesOf = ({ replicateOf }: Inference): number => new Set(replicateOf).size;

describe('what is replicated', () => {
  it('are images, or artists with all their images', () => {
    const ids = items.map(({ id }) => id);
    const byImage = inferenceFor(run, options)(ids);
    expect([replicatesOf(byImage), byImage.clustered]).toEqual([12, false]);
    const byArtist = inferenceFor(run, { ...options, cluster: 'artist' })(ids);
    expect([replicatesOf(byArtist), byArtist.clustered]).toEqual([4, true]);
  });

  it('are artists for samples of mimics as well, if artists are asked for', () => {
    for (const [method, digits] of [
      ['t', 9],
      ['bca', 1], // other draws
    ] as const) {
      const infer = inferenceFor(run, { ...options, method, cluster: 'artist' });
      const inference = infer(all);
      expect([replicatesOf(inference), inference.clustered]).toEqual([4, true]);
      // Samples of an artist are all alike: the interval is that of four numbers.
      const level = (unit: string): number => 'ABCD'.indexOf(unit[0]!);
      const four = infer(['A/0.png', 'B/0.png', 'C/0.png', 'D/0.png']);
      const { lo, hi } = inference.mean(all.map(level)).interval!;
      const expected = four.mean([0, 1, 2, 3]).interval!;
      expect(lo).toBeCloseTo(expected.lo, digits);
      expect(hi).toBeCloseTo(expected.hi, digits);
    }
  });

  it('are trainings, if there are several', () => {
    const seeds = [1, 2, 3].flatMap((seed) => samples('A').map((unit) => underSeed(unit, seed)));
    const inference = inferenceFor(run, options)(seeds);
    expect([replicatesOf(inference), inference.clustered]).toEqual([3, true]);
    expect(fromOneTraining(run, seeds)).toBe(false);
    expect(fromOneTraining(run, samples('A'))).toBe(true);
    expect(fromOneTraining(run, ['A/0.png'])).toBe(false);
  });

  it('never make what differs between trainings look certain, however many samples there are', () => {
    const random = seededRandom(4);
    const infer = inferenceFor(run, options);
    let missed = 0;
    const trials = 200;
    for (let trial = 0; trial < trials; trial++) {
      const values: number[] = [];
      const units: string[] = [];
      for (let seed = 0; seed < 3; seed++) {
        const shift = 0.6 * random.normal();
        for (let k = 0; k < 24; k++) {
          values.push(shift + random.normal());
          units.push(underSeed(`A: prompt ${k} #1`, seed));
        }
      }
      const { lo, hi } = infer(units).mean(values).interval!;
      if (lo > 0 || hi < 0) missed++;
    }
    expect(missed / trials).toBeLessThan(0.08);
  });

  it('keeps the values of each seed apart, in one order whatever the order of rows', () => {
    const values = (number: number) => Float64Array.of(number, number, number, number);
    const first = new Map([
      ['b', values(1)],
      ['a', values(2)],
    ]);
    const second = new Map([['a', values(3)]]);
    const found = acrossSeeds(
      [
        [7, first],
        [3, second],
      ],
      (value) => 10 * value,
    );
    expect([...found].map(([unit, arms]) => [unit, arms[0]])).toEqual([
      [underSeed('a', 3), 30],
      [underSeed('a', 7), 20],
      [underSeed('b', 7), 10],
    ]);
  });
});
