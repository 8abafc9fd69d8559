import { describe, expect, it } from 'vitest';
import { deriveSeed, type Random, seededRandom } from '../../src/random.ts';
import { jackknifed } from '../../src/report/sets.ts';
import { resample } from '../../src/stats/bootstrap.ts';
import { type FeatureSet, featureSet } from '../../src/stats/features.ts';
import { frechetDistance } from '../../src/stats/frechet.ts';
import { kernelDistance } from '../../src/stats/kernel.ts';
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

/** Rows as a run would have them: all, and without each of `parts` in turn. */
async function rowsOf(arms: Arms, distance: Distance, parts: number) {
  const n = arms[0]!.length;
  const values = new Map([['*', await valuesOf(arms, distance, () => true)]]);
  const counts = new Map([['*', n]]);
  for (let part = 0; part < parts; part++) {
    const name = `* without part ${part + 1} of ${parts}`;
    values.set(name, await valuesOf(arms, distance, (i) => i % parts !== part));
    counts.set(name, n - arms[0]!.filter((_, i) => i % parts === part).length);
  }
  return { values, counts };
}

const residualOf = (units: ReadonlyMap<string, Float64Array>, random: Random) => {
  const arm = (index: number): number[] => [...units.values()].map((each) => each[index]!);
  const resamples = resample(units.size, random, { draws: 400 });
  return residual(
    { clean: arm(0), protected: arm(1), attackedClean: arm(2), attackedProtected: arm(3) },
    resamples,
  );
};

const ratio = ([clean, shielded, attackedClean, attacked]: Float64Array): number =>
  (attacked! - attackedClean!) / (shielded! - clean!);

describe('the jackknife of a set metric', () => {
  it('has the values as they were measured for means, whatever the sizes of the parts', async () => {
    const arms = drawn(23, seededRandom(deriveSeed('parts')));
    const { values, counts } = await rowsOf(arms, frechetDistance, 5);
    const found = residualOf(jackknifed(values, counts), seededRandom(1));
    expect(found.ratio.value).toBeCloseTo(ratio(values.get('*')!), 10);
    expect(found.n).toBe(5);
  });

  it('of a mean is what the bootstrap of its images is', () => {
    const images = Array.from({ length: 12 }, (_, i) => i ** 1.5);
    const sum = images.reduce((a, b) => a + b, 0);
    const of = (value: number): Float64Array => new Float64Array(4).fill(value);
    const values = new Map([['*', of(sum / 12)]]);
    const counts = new Map([['*', 12]]);
    images.forEach((image, i) => {
      values.set(`* without ${i}`, of((sum - image) / 11));
      counts.set(`* without ${i}`, 11);
    });
    const parts = [...jackknifed(values, counts).values()].map(([value]) => value!);
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
      const { values, counts } = await rowsOf(drawn(n, random), distance, parts);
      const { interval } = residualOf(jackknifed(values, counts), random).ratio;
      if (interval!.lo <= truth && truth <= interval!.hi) covered++;
    }
    expect(covered / 50).toBeGreaterThan(0.87);
  });
});
