import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { estimateMemory } from '../../src/plan/estimate.ts';
import { jobSeed } from '../../src/jobs/seeds.ts';
import { prepareRun } from '../../src/run/prepare.ts';
import type { Manifest } from '../../src/run/manifest.ts';
import type { CellRecord } from '../../src/run/run-folder.ts';
import { absentModel } from '../../src/messages/index.ts';
import { entryOf } from '../../src/models/catalogue/index.ts';
import { describeShared } from '../shared.ts';
import { countJobs, experimentFolder, runFile, temporaryFolder } from '../run-fixture.ts';

const YAML = `
name: nets
dataset: IMAGES
protections: [identity, 'noise(level=heavy)']
attacks: [identity]
metrics: [linf, lpips-squeeze]
`;

beforeEach(async () => {
  vi.stubEnv('CRAQUELURE_MODELS', '');
  vi.stubEnv('CRAQUELURE_CACHE', await temporaryFolder());
  vi.stubEnv('HF_HOME', await temporaryFolder());
});
afterEach(() => vi.unstubAllEnvs());

describe('an experiment that needs a model', () => {
  it('that is not here says so before anything runs, with the way to get it', async () => {
    const { file, dir } = await experimentFolder(YAML);
    const files = Object.keys(entryOf('lpips-squeeze').published!.files);
    await expect(prepareRun(file, { out: dir, maxPixels: 1e6 })).rejects.toThrow(
      absentModel('lpips-squeeze', files, { published: true, obtain: undefined }),
    );
  });

  it('in a role that nobody chose says which models would do', async () => {
    const { file } = await experimentFolder(YAML.replace('lpips-squeeze', 'label'));
    const attempt = prepareRun(file, { maxPixels: 1e6 });
    await expect(attempt).rejects.toThrow("Missing model for role 'classifier', which label needs");
    await expect(attempt).rejects.toThrow("'models: { classifier: squeezenet1.1 }' in the experiment file");
  });

  it('in a role that nobody chose is played by the one that ships with the package', async () => {
    const { file, dir } = await experimentFolder(YAML.replace('lpips-squeeze', 'latent-displacement'));
    const { plan } = await prepareRun(file, { out: dir, maxPixels: 1e6 });
    expect(plan.models).toMatchObject([{ id: 'atelier-vae', role: 'vae-encoder' }]);
  });

  it('needs memory for its weights in every thread, more where it is differentiated, twice where they are halves', async () => {
    const bytesOf = async (protection: string, metric: string) => {
      const yaml = YAML.replace("identity, 'noise(level=heavy)'", protection).replace(
        'lpips-squeeze',
        metric,
      );
      const { file, dir } = await experimentFolder(yaml);
      const { plan, store } = await prepareRun(file, { out: dir, maxPixels: 1e6 });
      const bytes = plan.models.flatMap(({ files }) => files).reduce((sum, each) => sum + each.bytes, 0);
      return {
        bytes,
        memory:
          (await estimateMemory(plan, store, 2)) - (await estimateMemory({ ...plan, models: [] }, store, 2)),
      };
    };
    expect(await bytesOf('identity', 'psnr')).toEqual({ bytes: 0, memory: 0 });
    const watched = await bytesOf('identity', 'latent-displacement');
    expect(watched.bytes).toBeGreaterThan(3e6); // float16, in two threads, as a graph and a session
    expect(watched.memory).toBe(watched.bytes * 2 * 2 * 2);
    const attacked = await bytesOf('mist(mode=textural)', 'latent-displacement');
    expect(attacked).toEqual({ bytes: watched.bytes, memory: watched.bytes * 2 * 2 * 3 });
  });

  it('can be run without it where no cell that is left wants it', async () => {
    const { file, dir } = await experimentFolder(YAML);
    const { plan } = await prepareRun(file, { out: dir, maxPixels: 1e6, only: [{ metric: 'linf' }] });
    expect(plan.models).toEqual([]);
    expect(plan.cells).toHaveLength(2);
  });

  it('names an unknown role or model with its line', async () => {
    const { file } = await experimentFolder(`${YAML}models:\n  vae: taesdd\n`);
    await expect(prepareRun(file, { maxPixels: 1e6 })).rejects.toThrow(
      /Unknown model 'taesdd'.*experiment.yaml:8/,
    );
    const other = await experimentFolder(`${YAML}models:\n  vea: taesd\n`);
    await expect(prepareRun(other.file, { maxPixels: 1e6 })).rejects.toThrow(
      /Unknown role 'vea'.*experiment.yaml:8/,
    );
  });
});

describe('the seed of a job', () => {
  it('does not depend on models, so that they are compared under the same draws', () => {
    const step = { id: 'mist', version: 1, params: {} };
    const seed = jobSeed(1, 'protect', [step], 'image');
    expect(jobSeed(1, 'protect', [{ ...step, models: { 'vae-encoder': 'a' } }], 'image')).toBe(seed);
  });
});

describeShared('a run with a real network', ['models', 'lpips-squeeze.onnx'], (model) => {
  it('records which bytes it used, and measures again when they are others', async () => {
    const folder = await temporaryFolder();
    const copy = join(folder, 'lpips-squeeze.onnx');
    await copyFile(model, copy);
    vi.stubEnv('CRAQUELURE_MODELS', folder);
    const experiment = await experimentFolder(YAML);
    const first = await runFile(experiment);
    expect(first.folder.rows.filter(({ status }) => status !== 'ok')).toEqual([]);

    const manifest = JSON.parse(await readFile(join(first.folder.dir, 'manifest.json'), 'utf8')) as Manifest;
    const { sha256 } = entryOf('lpips-squeeze').files['lpips-squeeze.onnx']!;
    expect(manifest.models).toHaveLength(1);
    expect(manifest.models![0]).toMatchObject({ id: 'lpips-squeeze', role: 'perceptual', trust: 'registry' });
    expect(manifest.models![0]!.files).toEqual([{ path: copy, sha256, bytes: 2934456 }]);
    expect(manifest.environment.device).toEqual({ name: 'cpu' });
    const cells = JSON.parse(await readFile(join(first.folder.dir, 'cells.json'), 'utf8')) as CellRecord[];
    const links = cells.flatMap(({ metric }) => metric.links).filter(({ models }) => models !== undefined);
    expect(new Set(links.map(({ models }) => models?.perceptual?.id))).toEqual(new Set(['lpips-squeeze']));

    // A byte behind the graph: the same network, but not the same file. Its folder's index vouches for it.
    const changed = Buffer.concat([await readFile(model), Buffer.from([0x6a, 0x00])]);
    await writeFile(copy, changed);
    await expect(runFile(experiment, { out: join(experiment.dir, 'second') })).rejects.toThrow(
      /^Expected sha256 .* of model 'lpips-squeeze'/,
    );
    const { sha256: hash } = await import('../../src/files/hashes.ts');
    await writeFile(
      join(folder, 'index.json'),
      JSON.stringify([{ file: 'lpips-squeeze.onnx', sha256: hash(changed) }]),
    );
    const second = await runFile(experiment, { out: join(experiment.dir, 'second') });
    expect(second.folder.manifest.models![0]!.trust).toBe('index');
    expect(second.folder.manifest.plan).not.toBe(first.folder.manifest.plan);
    expect(countJobs(second, 'measure')).toBeGreaterThan(0);
    expect(
      second.jobs.filter(({ job, outcome }) => job.stage !== 'measure' && outcome === 'executed'),
    ).toEqual([]);
    const values = (run: typeof first) => run.folder.rows.map(({ value }) => value);
    expect(values(second)).toEqual(values(first));
  });
});

describeShared('a metric whose network is chosen', ['models', 'taesd-encoder.onnx'], (model) => {
  it('carries it in its protocol', async () => {
    vi.stubEnv('CRAQUELURE_MODELS', dirname(model));
    const yaml = `${YAML.replace('lpips-squeeze', 'latent-displacement')}models: { vae: taesd }`;
    const { file } = await experimentFolder(yaml);
    const { plan } = await prepareRun(file, { maxPixels: 1e6 });
    const key = plan.models[0]!.key.slice(0, 8);
    expect(plan.cells[1]!.metric.protocol).toMatch(new RegExp(`; vae-encoder: taesd \\(${key}\\)$`));
    expect(plan.cells[0]!.metric.protocol).not.toContain('taesd');
  });
});
