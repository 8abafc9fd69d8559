import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { estimateMemory, estimatePlan } from '../../src/plan/estimate.ts';
import type { FineTuneOutput } from '../../src/jobs/job.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { prepareRun } from '../../src/run/prepare.ts';
import { openStore } from '../../src/jobs/store.ts';
import {
  absentModel,
  fewerImagesThanBatch,
  interrupted,
  tooFewForClean,
  tooFewOfConcept,
  tooFewToTrain,
  tooFewToPoison,
  unknownGenre,
  unknownName,
} from '../../src/messages/index.ts';
import { writeModel } from '../../src/onnx/files.ts';
import { readSafetensors, writeSafetensors } from '../../src/onnx/safetensors.ts';
import { writeReport } from '../../src/report/report.ts';
import { ints, modelOf, node, port } from '../runtime/models.ts';
import { writeTinyClip } from '../tiny-clip.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';
import { countJobs, picture, runFile, type TestRun, temporaryFolder } from '../run-fixture.ts';

/** `embedding = mean of each channel`. */
const means = modelOf({
  inputs: [port('image', ['n', 3, 'h', 'w'])],
  outputs: [port('embedding', ['n', 3])],
  nodes: [
    node('ReduceMean', ['image'], ['embedding'], { axes: ints([2, 3]), keepdims: { kind: 'int', value: 0 } }),
  ],
});

const TRAINING =
  'steps=1, batchSize=1, rank=1, layers=attention, resolution=32, imagesPerPrompt=2, samplingSteps=1, guidance=1';
const BOATS = 'concept=boat, neighbours=["mountain", "flower"]';
const MIMICRY = `${TRAINING}, heldOut=1, subjects=["a cat"], token=cat`;
const mimicry = (id: string): string => `'${id}(${MIMICRY})'`;

/** Two artists' pictures of boats, mountains and flowers, and a diffusion model of random weights to fine-tune. */
async function studio(
  metrics: readonly string[],
  count = 3,
  genres: readonly string[] = [],
): Promise<{ dir: string; file: string }> {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'images'));
  await writeModel(means, join(dir, 'eye.onnx'));
  const diffusion = await writeTinyDiffusion(join(dir, 'tiny'));
  const lines = ['path,artist,title,licence,sha256,caption,genre'];
  for (let i = 0; i < 2 * count; i++) {
    const bytes = await picture(i + 1, 40, 32);
    await writeFile(join(dir, 'images', `${i}.png`), bytes);
    const shown = ['boat', 'mountain', 'flower'][i % 3];
    lines.push(
      `images/${i}.png,${i < count ? 'X' : 'Y'},,CC0,${sha256(bytes)},a painting of a ${shown},${genres[i] ?? ''}`,
    );
  }
  await writeFile(join(dir, 'pictures.csv'), `${lines.join('\n')}\n`);
  const file = join(dir, 'experiment.yaml');
  const yaml = `
name: mimicry
dataset: ${join(dir, 'pictures.csv')}
models: { image-embedder: ${join(dir, 'eye.onnx')}, diffusion: ${diffusion} }
protections: [identity, 'noise(level=heavy)']
attacks: [identity]
metrics: [${metrics.join(', ')}]
`;
  await writeFile(file, yaml);
  return { dir, file };
}

beforeAll(async () => {
  vi.stubEnv('CRAQUELURE_MODELS', '');
  vi.stubEnv('CRAQUELURE_CACHE', await temporaryFolder());
  return () => vi.unstubAllEnvs();
});

describe('metrics of what a fine-tuned model generates', () => {
  const ids = [
    'lora-mimicry',
    'lora-mimicry-similarity',
    'lora-mimicry-accuracy',
    'lora-mimicry-noise',
    'lora-mimicry-quality-drop',
  ];
  let place: { dir: string; file: string };
  let run: TestRun;
  beforeAll(async () => {
    place = await studio(ids.map(mimicry));
    run = await runFile(place);
  });
  const outputs = (): FineTuneOutput[] =>
    run.jobs.flatMap(({ job, record }) =>
      job.stage === 'fine-tune' ? [record!.output as FineTuneOutput] : [],
    );
  const valuesOf = (protection: string, metric: string, arm: string) => {
    const label = (id: string) => `${metric}(`.startsWith(id.slice(0, metric.length + 1));
    const rows = run.folder.rows.filter(
      (row) => row.protection === protection && label(row.metric) && row.arm === arm,
    );
    return rows.map(({ value }) => value);
  };

  it('fine-tune once on each distinct set of images, whatever is measured', async () => {
    expect(run.folder.rows.filter(({ error }) => error !== null)).toEqual([]);
    // Clean and with noise, for each of two artists, and once the base model; the identity's arms are the clean one.
    const shapes = outputs().map(({ pictures, losses, weights }) => [
      pictures.length,
      losses.length,
      weights !== null,
    ]);
    expect(shapes.filter(([, losses]) => losses === 1)).toEqual(Array(4).fill([2, 1, true]));
    expect(shapes.filter(([, losses]) => losses !== 1)).toEqual([[2, 0, false]]);
    const again = await runFile(place, { out: join(place.dir, 'second') });
    expect(countJobs(again, 'fine-tune') + countJobs(again, 'measure')).toBe(0);
    expect(again.folder.rows.map(({ value }) => value)).toEqual(run.folder.rows.map(({ value }) => value));
  });

  it('store all trained weights under the names of PEFT', async () => {
    const { sha256: hash } = outputs().find(({ weights }) => weights !== null)!.weights!;
    const path = openStore(join(place.dir, 'store')).blobPath(hash, 'safetensors');
    const { tensors } = await readSafetensors(path);
    expect(Object.keys(tensors).every((name) => /^unet\..*\.lora_[AB]\.weight$/.test(name))).toBe(true);
    expect(sha256(await readFile(path))).toBe(hash);
  });

  it('have a row for each generated picture and arm, and one for the model as it is', () => {
    const [cell] = run.folder.cells;
    const names = ['X: a painting of a cat by cat #1', 'X: a painting of a cat by cat #2'];
    const rows = run.folder.rows.filter((row) => row.cell === cell!.id && row.image.startsWith('X'));
    expect(rows.map(({ image, arm }) => [image, arm])).toEqual(
      names.flatMap((name) =>
        ['clean', 'protected', 'attacked-clean', 'attacked-protected', 'untuned'].map((arm) => [name, arm]),
      ),
    );
  });

  it('judge pairs of equal draws: of equal pictures, as a coin falls', () => {
    for (const arm of ['clean', 'protected', 'untuned']) {
      for (const value of valuesOf('noise(level=heavy)', 'lora-mimicry', arm))
        expect([0, 1]).toContain(value);
    }
    expect(valuesOf('identity', 'lora-mimicry', 'protected')).toEqual(
      valuesOf('identity', 'lora-mimicry', 'clean'),
    );
    const likenesses = valuesOf('identity', 'lora-mimicry-similarity', 'clean');
    expect(likenesses).toHaveLength(4);
    expect(likenesses).not.toEqual(valuesOf('noise(level=heavy)', 'lora-mimicry-similarity', 'protected'));
  });

  it('show a sheet in the report, and a page to vote on blindly', async () => {
    const page = await readFile(await writeReport(run.folder), 'utf8');
    expect(page).toContain('Samples of the mimics');
    expect(page.match(/<th scope="row">no fine-tuning<\/th>/g)).toHaveLength(2);
    const ballot = await readFile(join(run.folder.dir, 'vote.html'), 'utf8');
    expect(ballot).toContain('a painting of a cat by cat');
    expect(ballot).not.toMatch(/noise\(level|armIsLeft|\.png/);
  });

  it('say so where an artist has no images to train on apart from the held-out ones', async () => {
    const place = await studio([mimicry('lora-mimicry-noise')], 1);
    const { plan, store, dataset } = await prepareRun(place.file, {
      store: join(place.dir, 'store'),
      maxPixels: 1e6,
    });
    expect(dataset.notes).toEqual(
      ['X', 'Y'].map((artist) => `lora-mimicry-noise will fail: ${tooFewToTrain(artist, 1, 1).message}`),
    );
    expect((await estimatePlan(plan, store, 1)).toRun).toBeGreaterThan(0);
    const { folder } = await runFile(place);
    const errors = new Set(folder.rows.map(({ error }) => error));
    expect(errors).toContain(tooFewToTrain('X', 1, 1).message);
  });

  it('say before the run that a batch cannot be filled', async () => {
    const { file, dir } = await studio([mimicry('lora-mimicry-noise').replace('batchSize=1', 'batchSize=3')]);
    const { dataset } = await prepareRun(file, { store: join(dir, 'store'), maxPixels: 1e6 });
    const { message } = fewerImagesThanBatch(2, 3);
    expect(dataset.notes).toEqual([`lora-mimicry-noise will fail: ${message}`]);
  });

  it("give an artist's genre by a real CLIP, as the manifest tells it; without one it says how to get it", async () => {
    const place = await studio(
      [`'lora-mimicry-genre(${MIMICRY}, topK=39)'`, `'lora-mimicry-genre(${MIMICRY}, genre=Anime)'`],
      2,
      ['Cubism', 'post-impressionism', 'Cubism', ''],
    );
    const genreRows = ({ folder }: TestRun) =>
      folder.rows.filter(({ metric }) => metric.startsWith('lora-mimicry-genre'));
    const missing = absentModel('clip-vit-b-32', ['onnx/vision_model.onnx'], {
      published: true,
      obtain: undefined,
    });
    await expect(runFile(place)).rejects.toThrow(missing.message);

    await writeTinyClip(join(place.dir, 'models/clip-vit-b-32'));
    vi.stubEnv('CRAQUELURE_MODELS', join(place.dir, 'models'));
    const run = await runFile(place, { out: join(place.dir, 'out') });
    vi.stubEnv('CRAQUELURE_MODELS', '');
    const told = genreRows(run).filter(({ metric }) => !metric.includes('Anime'));
    // X's held-out picture is the second, Y's the fourth, which tells no genre.
    const byArtist = (artist: string) => told.filter(({ image }) => image.startsWith(`${artist}: `));
    expect(byArtist('X').length).toBeGreaterThan(0);
    expect(byArtist('X').map(({ value }) => value)).toEqual(byArtist('X').map(() => 1)); // of 39, all count
    expect(new Set(byArtist('Y').map(({ error }) => error))).toEqual(
      new Set([unknownGenre('lora-mimicry-genre', 'images/3.png').message]),
    );
    const anime = genreRows(run).filter(({ metric }) => metric.includes('Anime'));
    expect(new Set(anime.map(({ status }) => status))).toEqual(new Set(['ok']));
    expect(anime.every(({ value }) => value === 0 || value === 1)).toBe(true);
    expect(run.folder.cells.find(({ metric }) => metric.label.includes('Anime'))!.metric.protocol).toContain(
      'clip-vit-b-32',
    );
  });

  it('poison a concept with k pictures, and ask for it or for its neighbours', async () => {
    const poison = (more: string) => `'concept-poison(${TRAINING}, ${BOATS}, heldOut=1${more})'`;
    const { folder } = await runFile(
      await studio([poison(''), poison(', asked=neighbours'), poison(', poisoned=1')]),
    );
    expect(folder.rows.filter(({ error }) => error !== null)).toEqual([]);
    for (const { value } of folder.rows) expect([0, 1]).toContain(value);
    const images = new Set(folder.rows.map(({ image }) => image));
    expect(images).toContain('*: a painting of a boat #2');
    expect(images).toContain('*: a painting of a flower #1');
  });

  it('want more pictures of every concept than judge it', async () => {
    const { folder } = await runFile(await studio([`'concept-poison(${TRAINING}, ${BOATS})'`]));
    expect(new Set(folder.rows.map(({ error }) => error))).toEqual(
      new Set([tooFewOfConcept('boat', 2, 50).message]),
    );
  });

  it('train on k poisoned or n clean images: none, several, and no more than there are', async () => {
    const sweep = `'concept-poison(${TRAINING}, ${BOATS}, heldOut=1, poisoned=%)'`;
    const { folder, jobs } = await runFile(
      await studio(
        [
          sweep.replace('%', '0'),
          sweep.replace('%', '1'),
          `'lora-mimicry-noise(${MIMICRY}, cleanImages=%)'`,
        ].map((each) => each.replace('%', '2')),
      ),
    );
    expect(folder.rows.filter(({ error }) => error !== null)).toEqual([]);
    // Poison: clean (which is k = 0, too), noise in one picture, and the base model; mimicry: two artists, all clean, and none.
    expect(jobs.filter(({ job, record }) => job.stage === 'fine-tune' && record !== undefined)).toHaveLength(
      6,
    );
    const tooMany = await runFile(
      await studio([sweep.replace('%', '2'), `'lora-mimicry-noise(${MIMICRY}, cleanImages=3)'`]),
    );
    const errors = new Set(tooMany.folder.rows.map(({ error }) => error));
    expect(errors).toEqual(
      new Set(
        [tooFewToPoison('boat', 1, 2), tooFewForClean('X', 2, 3), tooFewForClean('Y', 2, 3)].map(
          (e) => e.message,
        ),
      ),
    );
  });

  it('go on from the checkpoint of an interrupted training to the same weights as without', async () => {
    const long = `'lora-mimicry-noise(${MIMICRY.replace('steps=1,', 'steps=32,')}, artists=["X"], ema=true, priorWeight=0.5, classImages=2)'`;
    const outputsOf = ({ jobs }: TestRun): FineTuneOutput[] =>
      jobs.flatMap(({ job, record }) => {
        if (job.stage !== 'fine-tune' || record === undefined) return [];
        return job.input === '' ? [] : [record.output as FineTuneOutput];
      });
    const whole = await runFile(await studio([long]));
    expect(whole.folder.rows.filter(({ error }) => error !== null)).toEqual([]);
    // The class images and the base model: sampled once, for all arms.
    const baseModel = whole.jobs.filter(
      ({ job, outcome }) => job.stage === 'fine-tune' && job.input === '' && outcome === 'executed',
    );
    expect(baseModel).toHaveLength(2);

    const place = await studio([long]);
    const trainings = join(place.dir, 'store', 'trainings');
    const checkpoints = async () =>
      (await readdir(trainings).catch(() => [])).filter((name) => !name.startsWith('.'));
    const stop = new AbortController();
    const watch = setInterval(async () => (await checkpoints()).length > 0 && stop.abort(), 2);
    await expect(runFile(place, { signal: stop.signal })).rejects.toThrow(interrupted());
    clearInterval(watch);
    const [name] = await checkpoints();
    const path = join(trainings, name!);
    const { tensors, metadata } = await readSafetensors(path);
    expect(Number(metadata.step)).toBeLessThan(32);
    // A mark that only a training that goes on from this file can carry to the end.
    (tensors.losses!.data as Float64Array)[0] = 42;
    await writeSafetensors(path, tensors, metadata);
    const resumed = await runFile(place);
    expect(outputsOf(resumed).filter(({ losses }) => losses[0] === 42)).toHaveLength(1);
    const weights = (run: TestRun) => outputsOf(run).map(({ weights: file }) => file?.sha256);
    expect(new Set(weights(resumed))).toEqual(new Set(weights(whole)));
    expect(await checkpoints()).toEqual([]);
  });

  it('judge all that a model paints as one set, and an artist that is trained on against images of all', async () => {
    const sets = ['lora-mimicry-frechet', 'lora-mimicry-kernel'].map(
      (id) => `'${id}(${MIMICRY.replace('heldOut=1', 'heldOut=2')}, artists=["Y"])'`,
    );
    const { folder } = await runFile(await studio(sets));
    expect(folder.rows.filter(({ error }) => error !== null)).toEqual([]);
    const rows = folder.rows.filter(({ protection }) => protection !== 'identity');
    expect(rows.map(({ image, arm }) => [image, arm])).toEqual(
      Array(2)
        .fill(['clean', 'protected', 'attacked-clean', 'attacked-protected', 'untuned'])
        .flat()
        .map((arm) => ['Y: all', arm]),
    );
    const [clean, , , , untuned] = rows.map(({ value }) => value);
    expect(clean).not.toBe(untuned);
    const unknown = studio([`'lora-mimicry-noise(${MIMICRY}, artists=["Z"])'`]);
    await expect(runFile(await unknown)).rejects.toThrow(
      unknownName('artist', 'Z', ['X', 'Y'], { code: 'USAGE' }),
    );
  });

  it('are estimated before any was ever timed, by the multiplications of the networks', async () => {
    const estimate = async (params: string) => {
      const { dir, file } = await studio([`'lora-mimicry-noise(${params})'`]);
      const { plan, store } = await prepareRun(file, { store: join(dir, 'store'), maxPixels: 1e6 });
      const { work } = await estimatePlan(plan, store, 1);
      const training = work.find((each) => each.work.startsWith('fine-tune lora, 1'))!;
      expect(training).toMatchObject({ counted: true, cached: 0 });
      return { ms: training.ms! / training.toRun, bytes: await estimateMemory(plan, store, 1) };
    };
    const [short, long] = [await estimate(MIMICRY), await estimate(MIMICRY.replace('steps=1,', 'steps=11,'))];
    // One step is a forward and a backward pass of one picture; two pictures are then painted in one step each, and decoded.
    expect(long.ms).toBeGreaterThan(2 * short.ms);
    const wide = await estimate(
      MIMICRY.replace('batchSize=1,', 'batchSize=3,').replace('resolution=32', 'resolution=64'),
    );
    expect(wide.bytes).toBeGreaterThan(short.bytes);
  });
});
