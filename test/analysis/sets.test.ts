import { describe, expect, it } from 'vitest';
import { deriveSeed, type Random, seededRandom } from '../../src/random.ts';
import { jackknifed } from '../../src/analysis/sets.ts';
import { resample } from '../../src/stats/bootstrap.ts';
import { type FeatureSet, featureSet } from '../../src/stats/sets/features.ts';
import { frechetDistance } from '../../src/stats/sets/frechet.ts';
import { kernelDistance } from '../../src/stats/sets/mmd.ts';
import { byBootstrap } from '../../src/stats/inference.ts';
import { residual } from '../../src/stats/residual.ts';

const D = 3;
/** Clean, protected, attacked clean, attacked protected: vectors of the same n pictures. */
type Arms = readonly (readonly number[][])[];

function drawn(n: number, random: Random): Arms {
  const arms: number[][][] = [[], [], [], []];
  for (let i = 0; i < n; i++) {
    const strength = Math.exp(0.3 * random.normal());
    const clean = Array.from({ length: D }, () => random.normal());
    const shift = clean.map((_, j) => strength * (j < 2 ? 1 : 0) + 0.3 * random.normal());
    const attacked = clean.map((x) => 0.9 * x + 0.05 * random.normal());
    arms[0]!.push(clean);
    arms[1]!.push(clean.map((x, j) => x + shift[j]!));
    arms[2]!.push(attacked);
    arms[3]!.push(attacked.map((x, j) => x + 0.7 * shift[j]! + 0.05 * random.normal()));
  }
  return arms;
}

const setOf = (rows: readonly number[][]): FeatureSet =>
  featureSet('x', [rows.length, D], Float64Array.from(rows.flat()));

type Distance = (a: FeatureSet, b: FeatureSet) => number | Promise<number>;

async function valuesOf(arms: Arms, distance: Distance, keep: (i: number) => boolean): Promise<Float64Array> {
  const sets = arms.map((rows) => setOf(rows.filter((_, i) => keep(i))));
  const values = new Float64Array(4);
  for (const [arm, set] of sets.entries()) values[arm] = await distance(set, sets[0]!);
  return values;
}

/** Values as a run would have them: of all, and without each of `parts` in turn; picture i is in part `partOf(i)`. */
async function valuesWithout(
  arms: Arms,
  distance: Distance,
  parts: number,
  { partOf = (i: number) => i % parts, prefix = '* without part ' } = {},
): Promise<Map<string, Float64Array>> {
  const values = new Map([['*', await valuesOf(arms, distance, () => true)]]);
  for (let part = 0; part < parts; part++)
    values.set(`${prefix}${part}`, await valuesOf(arms, distance, (i) => partOf(i) !== part));
  return values;
}

const residualOf = (units: ReadonlyMap<string, Float64Array>, random: Random) => {
  const arm = (index: number): number[] => [...units.values()].map((each) => each[index]!);
  const resamples = resample(units.size, random, { draws: 400 });
  const inference = byBootstrap(resamples, [[...units.keys()]]);
  return residual(
    { clean: arm(0), protected: arm(1), attackedClean: arm(2), attackedProtected: arm(3) },
    inference,
  );
};

const ratio = ([clean, shielded, attackedClean, attacked]: Float64Array): number =>
  (attacked! - attackedClean!) / (shielded! - clean!);

describe('the jackknife of a set metric', () => {
  it('has the values as they were measured for means, whatever the sizes of the parts', async () => {
    const arms = drawn(23, seededRandom(deriveSeed('parts')));
    const values = await valuesWithout(arms, frechetDistance, 5);
    const found = residualOf(jackknifed(values), seededRandom(1));
    expect(found.ratio.value).toBeCloseTo(ratio(values.get('*')!), 10);
    expect(found.n).toBe(5);
  });

  it('weighs a part by its pictures: of the mean of 48 pictures in 32 parts it has the variance of the mean', () => {
    const random = seededRandom(deriveSeed('unequal'));
    const samples = 300;
    let variance = 0;
    for (let k = 0; k < samples; k++) {
      const images = Array.from({ length: 48 }, () => random.normal());
      const mean = (kept: readonly number[]): Float64Array =>
        new Float64Array(4).fill(kept.reduce((a, b) => a + b, 0) / kept.length);
      const values = new Map([['*', mean(images)]]);
      for (let part = 0; part < 32; part++)
        values.set(`* without part ${part}`, mean(images.filter((_, i) => i % 32 !== part)));
      const parts = [...jackknifed(values).values()].map(([value]) => value! - values.get('*')![0]!);
      variance += parts.reduce((sum, p) => sum + p ** 2, 0) / 32 ** 2 / samples;
    }
    expect(variance * 48).toBeGreaterThan(0.95);
    expect(variance * 48).toBeLessThan(1.05);
  });

  it('of a mean is what the bootstrap of its images is', () => {
    const images = Array.from({ length: 12 }, (_, i) => i ** 1.5);
    const sum = images.reduce((a, b) => a + b, 0);
    const of = (value: number): Float64Array => new Float64Array(4).fill(value);
    const values = new Map([['*', of(sum / 12)]]);
    images.forEach((image, i) => {
      values.set(`* without ${i}`, of((sum - image) / 11));
    });
    const parts = [...jackknifed(values).values()].map(([value]) => value!);
    for (const [i, part] of parts.entries()) expect(part).toBeCloseTo(images[i]!, 10);
  });

  it.each([
    ['Fréchet distances', frechetDistance, 24, 24],
    ['Fréchet distances, two pictures a part', frechetDistance, 36, 18],
    ['kernel distances', (a: FeatureSet, b: FeatureSet) => kernelDistance(a, b, 'paired'), 24, 24],
  ] as const)('covers R of %s in about 95 of 100 samples', async (_, distance, n, parts) => {
    const truth = ratio(await valuesOf(drawn(1500, seededRandom(deriveSeed('all'))), distance, () => true));
    let covered = 0;
    for (let k = 0; k < 50; k++) {
      const random = seededRandom(deriveSeed(`sample ${k}`));
      const values = await valuesWithout(drawn(n, random), distance, parts);
      const { interval } = residualOf(jackknifed(values), random).ratio;
      if (interval!.lo <= truth && truth <= interval!.hi) covered++;
    }
    expect(covered / 50).toBeGreaterThan(0.87);
  });

  /** Pictures whose artists have a hand of their own, and a share of the effect that survives, of their own too. */
  function drawnByArtists(artists: number, each: number, random: Random): Arms {
    const arms: number[][][] = [[], [], [], []];
    for (let k = 0; k < artists; k++) {
      const hand = Array.from({ length: D }, () => 0.5 * random.normal());
      const [push, left] = [0.3 * random.normal(), 0.7 + 0.15 * random.normal()];
      for (let i = 0; i < each; i++) {
        const strength = Math.exp(push + 0.2 * random.normal());
        const clean = hand.map((x) => x + random.normal());
        const shift = clean.map((_, j) => (j < 2 ? strength : 0) + 0.2 * random.normal());
        const attacked = clean.map((x) => 0.9 * x + 0.05 * random.normal());
        arms[0]!.push(clean);
        arms[1]!.push(clean.map((x, j) => x + shift[j]!));
        arms[2]!.push(attacked);
        arms[3]!.push(attacked.map((x, j) => x + left * shift[j]! + 0.05 * random.normal()));
      }
    }
    return arms;
  }

  it('leaves out artists where pictures nest in them, and then covers R as it does not picture by picture', async () => {
    const [artists, each, samples] = [8, 4, 40];
    const distance = frechetDistance;
    const everybody = drawnByArtists(300, each, seededRandom(deriveSeed('all')));
    const truth = ratio(await valuesOf(everybody, distance, () => true));
    const covered = { artist: 0, image: 0 };
    for (let k = 0; k < samples; k++) {
      const random = seededRandom(deriveSeed(`nested ${k}`));
      const arms = drawnByArtists(artists, each, random);
      const byArtist = { partOf: (i: number) => Math.floor(i / each), prefix: '* without the artist ' };
      const values = new Map([
        ...(await valuesWithout(arms, distance, artists * each)),
        ...(await valuesWithout(arms, distance, artists, byArtist)),
      ]);
      for (const cluster of ['artist', 'image'] as const) {
        const units = jackknifed(values, cluster);
        expect(units.size).toBe(cluster === 'artist' ? artists : artists * each);
        const { interval } = residualOf(units, random).ratio;
        if (interval!.lo <= truth && truth <= interval!.hi) covered[cluster]++;
      }
    }
    expect(covered.artist / samples).toBeGreaterThan(0.85);
    expect(covered.image / samples).toBeLessThan(0.8);
  });
});
