import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../../src/files/hashes.ts';
import { measurePaths } from '../../src/standalone/compare-images.ts';
import { metricSettings } from '../../src/experiment/settings.ts';
import { constantFeatures, tooFewArtists, tooFewForSet } from '../../src/messages/index.ts';
import { writeModel } from '../../src/onnx/files.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { findingsOf } from '../../src/analysis/findings/findings.ts';
import { ints, modelOf, node, port } from '../runtime/models.ts';
import { countJobs, picture, runFile, type TestRun, temporaryFolder } from '../run-fixture.ts';

/** `embedding = [mean, mean of squares] of each channel`: six numbers, whatever the size of the picture. */
const moments = modelOf({
  inputs: [port('image', ['n', 3, 'h', 'w'])],
  outputs: [port('embedding', ['n', 6])],
  nodes: [
    node('Mul', ['image', 'image'], ['squares']),
    node('Concat', ['image', 'squares'], ['both'], { axis: { kind: 'int', value: 1 } }),
    node('ReduceMean', ['both'], ['embedding'], { axes: ints([2, 3]), keepdims: { kind: 'int', value: 0 } }),
  ],
});

/** `embedding = 0 x the means`: a network that sees nothing. */
const blind = modelOf({
  inputs: [port('image', ['n', 3, 'h', 'w'])],
  outputs: [port('embedding', ['n', 3])],
  nodes: [
    node('Sub', ['image', 'image'], ['nothing']),
    node('ReduceMean', ['nothing'], ['embedding'], {
      axes: ints([2, 3]),
      keepdims: { kind: 'int', value: 0 },
    }),
  ],
});

interface Experiment {
  readonly dir: string;
  readonly file: string;
}

/** Pictures by two artists (of `counts`), whose hands differ in brightness, and an experiment over them. */
async function artistsFolder(
  metrics: string,
  counts: readonly number[],
  model = moments,
): Promise<Experiment> {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'images'));
  await writeModel(model, join(dir, 'eye.onnx'));
  const lines = ['path,artist,title,licence,sha256,caption'];
  for (const [a, count] of counts.entries()) {
    for (let i = 0; i < count; i++) {
      const bytes = await picture(10 * a + i + 1, 40 + 24 * a, 32);
      const path = `images/${'xy'[a]}${i}.png`;
      await writeFile(join(dir, path), bytes);
      lines.push(`${path},${'XY'[a]},,CC0,${sha256(bytes)},a wave`);
    }
  }
  await writeFile(join(dir, 'pictures.csv'), `${lines.join('\n')}\n`);
  const file = join(dir, 'experiment.yaml');
  await writeFile(
    file,
    `
name: sets
dataset: ${join(dir, 'pictures.csv')}
models: { image-embedder: ${join(dir, 'eye.onnx')} }
protections: [identity, 'noise(level=heavy)']
attacks: [identity, 'gaussian-blur(sigma=2)']
metrics: [${metrics}]
`,
  );
  return { dir, file };
}

const rowsOf = ({ folder }: TestRun, metric: string, arm?: string) =>
  folder.rows.filter((row) => row.metric === metric && (arm === undefined || row.arm === arm));

beforeEach(async () => {
  vi.stubEnv('CRAQUELURE_MODELS', '');
  vi.stubEnv('CRAQUELURE_CACHE', await temporaryFolder());
  return () => vi.unstubAllEnvs();
});

describe('metrics over embeddings and sets in a run', () => {
  it('show each picture to the network once, however many cells and metrics ask', async () => {
    const experiment = await artistsFolder(
      'embedding-similarity, frechet, mmd-cubic, style-accuracy',
      [4, 4],
    );
    const run = await runFile(experiment);
    expect(run.folder.rows.filter(({ error }) => error !== null)).toEqual([]);
    const pictures = new Set(run.folder.images.map(({ sha256: hash }) => hash));
    expect(countJobs(run, 'embed')).toBe(pictures.size);
    const again = await runFile(experiment, { out: join(experiment.dir, 'second') });
    expect(countJobs(again, 'embed') + countJobs(again, 'measure')).toBe(0);
    expect(again.folder.rows.map(({ value }) => value)).toEqual(run.folder.rows.map(({ value }) => value));
  });

  it('have one row an arm and one for the noise floor where sets are compared', async () => {
    const run = await runFile(await artistsFolder('frechet, precision', [4, 4]));
    const [cell] = run.folder.cells;
    const all = rowsOf(run, 'frechet').filter((row) => row.cell === cell!.id);
    const rows = all.filter(({ image }) => image === '*');
    expect(rows.map(({ arm, n }) => [arm, n])).toEqual([
      ['clean', 8],
      ['protected', 8],
      ['attacked-clean', 8],
      ['attacked-protected', 8],
      ['floor', 4],
    ]);
    expect(rows[0]!.value).toBeLessThan(1e-12); // a set against itself
    expect(rows[4]!.value).toBeGreaterThan(0); // halves of it are not the same
    expect(rowsOf(run, 'precision', 'clean')[0]!.value).toBe(1);
    // And one an arm without each picture in turn, on both sides: what the interval is made of.
    const without = all.filter(({ image }) => image !== '*');
    expect(without.filter(({ n }) => n === 7)).toHaveLength(4 * 8);
    // The same without each artist, for where artists are drawn.
    const artists = without.filter(({ image }) => /^\* without the artist [XY]$/.test(image));
    expect(artists.map(({ n }) => n)).toEqual(Array(4 * 2).fill(4));
    expect(without).toHaveLength(4 * 8 + 4 * 2);
    expect(without.filter(({ arm }) => arm === 'clean').every(({ value }) => value! < 1e-12)).toBe(true);
  });

  it('have an interval on R, and noise is no effect by them', async () => {
    const experiment = await artistsFolder('frechet, precision', [4, 4]);
    const yaml = await readFile(experiment.file, 'utf8');
    await writeFile(
      experiment.file,
      yaml.replace(
        "identity, 'noise(level=heavy)'",
        "'noise(level=heavy)', 'photoguard(steps=3, level=heavy)'",
      ),
    );
    vi.stubEnv('CRAQUELURE_MODELS', '');
    const { folder } = await runFile(experiment);
    const answers = analyse(folder, { draws: 300 });
    const { pairs } = answers;
    const { comparisons } = findingsOf(folder, answers);
    expect(comparisons.filter(({ own }) => own.effect.metric.label === 'frechet').map(({ n }) => n)).toEqual([
      8, 8,
    ]);
    const of = (protection: string, metric: string) =>
      pairs.filter(
        (pair) => pair.protection.label.startsWith(protection) && pair.effect.metric.label === metric,
      );
    for (const pair of of('photoguard', 'frechet')) {
      expect(pair.residual.n).toBe(8);
      expect(pair.residual.effect.interval).toBeDefined();
      // The point is the ratio of the values as they are printed.
      const [clean, shielded, attackedClean, attacked] = pair.values.get('*')!;
      expect(pair.residual.ratio.value).toBeCloseTo((attacked! - attackedClean!) / (shielded! - clean!), 9);
      expect(pair.placebo!.placebo).toBe('noise(level=heavy)');
    }
    for (const pair of [...of('noise', 'frechet'), ...of('noise', 'precision')])
      expect(pair.outcome).toBe('no effect');
  });

  it('see what a data set says of its pictures: style accuracy leaves out the picture itself', async () => {
    const run = await runFile(await artistsFolder('style-accuracy', [3, 3]));
    const clean = rowsOf(run, 'style-accuracy', 'clean');
    expect(clean.every(({ value }) => value === 0 || value === 1)).toBe(true);
    // An artist with one picture has none left to be known by.
    const lonely = await artistsFolder('style-accuracy', [3, 1]);
    const failed = (await runFile(lonely)).folder.rows.filter(({ status }) => status === 'error');
    expect(new Set(failed.map(({ image, error }) => `${image}: ${error}`))).toEqual(
      new Set([`images/y0.png: ${tooFewArtists('style-accuracy', 'images/y0.png', 'Y').message}`]),
    );
  });

  it('name the network in the protocol and in the name for figures', async () => {
    const experiment = await artistsFolder('frechet', [2, 2]);
    const { cells } = (await runFile(experiment)).folder;
    expect(cells[0]!.metric.protocol).toContain('; image-embedder: ');
    expect(cells[0]!.metric.links[0]!.name).toBe(`Fréchet distance (${join(experiment.dir, 'eye.onnx')})`);
  });

  it('say what is wrong with a set in its own rows, and the other metrics go on', async () => {
    const blindRun = await runFile(await artistsFolder('frechet, linf', [2, 2], blind));
    expect(rowsOf(blindRun, 'frechet', 'protected')[0]!.error).toBe(
      constantFeatures('frechet: the images', 4).message,
    );
    expect(rowsOf(blindRun, 'linf').every(({ status }) => status === 'ok')).toBe(true);
    const one = await artistsFolder('frechet, embedding-similarity', [1, 0]);
    const single = await runFile(one);
    expect(rowsOf(single, 'frechet', 'clean')[0]!.error).toBe(tooFewForSet('frechet', 1).message);
    expect(rowsOf(single, 'embedding-similarity', 'clean')[0]!.value).toBeCloseTo(1, 6);
  });

  it('make a vector again that was lost from the store', async () => {
    const experiment = await artistsFolder('embedding-similarity', [2, 0]);
    const first = await runFile(experiment);
    const records = join(experiment.dir, 'store', 'records');
    for (const path of await readdir(records, { recursive: true })) {
      if (!path.endsWith('.json')) continue;
      const { record } = JSON.parse(await readFile(join(records, path), 'utf8')) as {
        record: { job: { stage: string } };
      };
      if (record.job.stage !== 'import') await writeFile(join(records, path), '{');
    }
    const second = await runFile(experiment, { out: join(experiment.dir, 'second') });
    expect(second.folder.rows.map(({ value }) => value)).toEqual(first.folder.rows.map(({ value }) => value));
  });
});

describe('a null protection in a real run', () => {
  it('has no effect on the latents of the embedded encoder, however much noise moves them; Mist has', async () => {
    const dir = await temporaryFolder();
    const file = join(dir, 'experiment.yaml');
    await writeFile(
      file,
      `
name: "null"
dataset: { atelier: { count: 6, size: 128, seed: 3 } }
protections: ['noise(level=medium)', 'mist(level=medium, steps=12)']
attacks: ['gaussian-blur(sigma=1)']
metrics: [latent-displacement, 'latent-displacement(along=target)']
`,
    );
    const { pairs } = analyse((await runFile({ dir, file })).folder, { draws: 500 });
    const of = (protection: string) => pairs.filter((pair) => pair.protection.label.startsWith(protection));
    expect(of('noise')).toHaveLength(2);
    for (const pair of of('noise')) expect(pair.outcome).toBe('no effect');
    // Noise does move them: without a placebo to compare with it would pass for an effect.
    expect(of('noise')[0]!.residual.effect.interval!.lo).toBeGreaterThan(0);
    for (const pair of of('mist')) {
      expect(pair.placebo!.excess.interval!.lo).toBeGreaterThan(0);
      expect(pair.outcome).not.toBe('no effect');
    }
  });
});

describe('measure by hand', () => {
  it('compares folders by what a network sees, and pictures of other sizes too', async () => {
    const { dir } = await artistsFolder('frechet', [3, 0]);
    const models = {
      'image-embedder': { kind: 'file', path: join(dir, 'eye.onnx'), fill: {} },
    } as const;
    const options = { seed: 0, maxPixels: 1e6, models, device: 'cpu' } as const;
    const settings = ['embedding-similarity', 'frechet'].flatMap((call) => metricSettings(call));
    const folder = join(dir, 'images');
    const [similarity, frechet] = await measurePaths(folder, folder, settings, options);
    expect(similarity).toMatchObject({ value: expect.closeTo(1, 6), n: 3 });
    expect(frechet!.value).toBeLessThan(1e-12);
    await writeFile(join(dir, 'small.png'), await picture(1, 20, 16));
    const [other] = await measurePaths(
      join(dir, 'small.png'),
      join(folder, 'x0.png'),
      settings.slice(0, 1),
      options,
    );
    expect(other!.value).toBeGreaterThan(0.9);
    const [asked] = await measurePaths(
      join(folder, 'x1.png'),
      join(folder, 'x0.png'),
      settings.slice(1),
      options,
    );
    expect(asked!.error).toContain('Expected sets of at least 2 images');
  });
});
