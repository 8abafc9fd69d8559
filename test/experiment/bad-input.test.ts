import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { measureFeatures } from '../../src/standalone/compare-features.ts';
import { measurePaths } from '../../src/standalone/compare-images.ts';
import { estimatePlan } from '../../src/plan/estimate.ts';
import { prepareRun } from '../../src/run/prepare.ts';
import { metricSettings } from '../../src/experiment/settings.ts';
import {
  absentModel,
  constantFeatures,
  differentSizes,
  tooFewForSet,
  unequalSets,
  unmatchedFiles,
  unusableFeatures,
} from '../../src/messages/index.ts';
import { writeModel } from '../../src/onnx/files.ts';
import type { Model } from '../../src/onnx/model.ts';
import { encodeNpy } from '../../src/onnx/npy.ts';
import { tensor } from '../../src/onnx/tensor.ts';
import { ints, modelOf, node, port } from '../runtime/models.ts';
import { picture, runFile, type TestRun, temporaryFolder } from '../run-fixture.ts';

/** Means of the channels after some operations on `image`. */
const means = (...nodes: Parameters<typeof node>[]): Model =>
  modelOf({
    inputs: [port('image', ['n', 3, 'h', 'w'])],
    outputs: [port('embedding', ['n', 3])],
    nodes: [
      ...nodes.map((each) => node(...each)),
      node('ReduceMean', [nodes.at(-1)?.[2][0] ?? 'image'], ['embedding'], {
        axes: ints([2, 3]),
        keepdims: { kind: 'int', value: 0 },
      }),
    ],
  });

const plain = means();
const blind = means(['Sub', ['image', 'image'], ['nothing']]);
/** 0 / 0 wherever it looks. */
const broken = means(['Sub', ['image', 'image'], ['nothing']], ['Div', ['nothing', 'nothing'], ['odd']]);

let dir: string;
beforeEach(async () => {
  dir = await temporaryFolder();
  await mkdir(join(dir, 'images'));
  vi.stubEnv('CRAQUELURE_MODELS', '');
  vi.stubEnv('CRAQUELURE_CACHE', await temporaryFolder());
  return () => vi.unstubAllEnvs();
});

async function run(
  metrics: string,
  { eye = plain, sizes = [32, 32, 32, 32] }: { eye?: Model; sizes?: readonly number[] } = {},
): Promise<TestRun> {
  await writeModel(eye, join(dir, 'eye.onnx'));
  for (const [i, size] of sizes.entries())
    await writeFile(join(dir, 'images', `${i}.png`), await picture(i + 1, size, size + 8));
  const file = join(dir, 'experiment.yaml');
  await writeFile(
    file,
    `
name: bad
dataset: ${join(dir, 'images')}
models: { image-embedder: ${join(dir, 'eye.onnx')} }
protections: ['noise(level=heavy)']
attacks: ['gaussian-blur(sigma=1)']
metrics: [${metrics}, linf]
`,
  );
  return runFile({ dir, file }, { lenient: true });
}

/** What a metric's rows say went wrong. */
const errorsOf = ({ folder }: TestRun, metric: string): Set<string | null> =>
  new Set(folder.rows.filter((row) => row.metric === metric).map(({ error }) => error));

const measured = ({ folder }: TestRun, metric: string): boolean =>
  folder.rows.some((row) => row.metric === metric) &&
  folder.rows.filter((row) => row.metric === metric).every(({ status }) => status === 'ok');

const SETS = ['frechet', 'mmd-cubic', 'mmd-gaussian', 'precision', 'recall'];

describe('bad input in a matrix costs its own cells alone', () => {
  it('pictures of different sizes are no bad input: each is compared with its own clean version', async () => {
    const made = await run(`ssim, ${SETS.join(', ')}`, { sizes: [32, 40, 33, 25, 64] });
    for (const metric of ['ssim', 'linf', ...SETS]) expect(measured(made, metric)).toBe(true);
  });

  it('a set of one picture', async () => {
    const made = await run(SETS.join(', '), { sizes: [32] });
    for (const metric of SETS) {
      const [error] = errorsOf(made, metric);
      expect(error).toBe(tooFewForSet(metric, 1).message);
    }
    expect(measured(made, 'linf')).toBe(true);
  });

  it('a network that sees the same in every picture', async () => {
    const made = await run(`${SETS.join(', ')}, embedding-similarity`, { eye: blind });
    for (const metric of SETS)
      expect(errorsOf(made, metric)).toContain(constantFeatures(`${metric}: the images`, 4).message);
    expect(errorsOf(made, 'embedding-similarity')).not.toContain(null); // no direction, no angle
    expect(measured(made, 'linf')).toBe(true);
  });

  it('a network that gives NaN', async () => {
    const made = await run(`${SETS.join(', ')}, embedding-similarity`, { eye: broken });
    for (const metric of SETS) {
      expect(errorsOf(made, metric)).toContain(
        unusableFeatures(`${metric}: the images`, 'NaN stands in row 0, column 0').message,
      );
    }
    expect(errorsOf(made, 'embedding-similarity')).not.toContain(null);
    expect(measured(made, 'linf')).toBe(true);
  });

  it('a metric whose model is not here, which says how to get it', async () => {
    const made = await run('frechet, clip-similarity, kid, lpips-alex');
    for (const [metric, model] of [
      ['clip-similarity', 'clip-vit-b-32'],
      ['kid', 'inception-fid'],
      ['lpips-alex', 'lpips-alex'],
    ] as const) {
      const [error, ...others] = errorsOf(made, metric);
      expect(others).toEqual([]);
      expect(error).toContain(`Model '${model}' is not on this machine`);
    }
    expect(measured(made, 'frechet')).toBe(true);
    const file = join(dir, 'experiment.yaml');
    const inputs = await prepareRun(file, { store: join(dir, 'store'), maxPixels: 1e6, lenient: true });
    await expect(estimatePlan(inputs.plan, inputs.store, 1)).resolves.toBeDefined(); // what progress starts from
    await expect(prepareRun(file, { maxPixels: 1e6 })).rejects.toThrow(
      "Model 'clip-vit-b-32' is not on this",
    );
    expect(made.folder.cells.map(({ status }) => status)).toEqual(['ok', 'failed', 'failed', 'failed', 'ok']);
  });

  it('is refused where no metric at all can be measured', async () => {
    const only = run('clip-similarity');
    await expect(only).resolves.toBeDefined(); // linf can
    const file = join(dir, 'experiment.yaml');
    await writeFile(
      file,
      `name: bad\ndataset: ${join(dir, 'images')}\nprotections: [noise]\nattacks: [identity]\nmetrics: [clip-similarity]\n`,
    );
    await expect(runFile({ dir, file }, { lenient: true })).rejects.toThrow(
      absentModel('clip-vit-b-32', ['onnx/vision_model.onnx'], { published: true, obtain: undefined })
        .message,
    );
  });
});

describe('bad input outside an experiment gives one error per metric', () => {
  const options = { seed: 0, maxPixels: 1e6, models: {}, device: 'cpu' } as const;
  const asked = (a: string, b: string, metrics: string) =>
    measurePaths(
      a,
      b,
      metrics.split(',').flatMap((call) => metricSettings(call)),
      options,
    );

  it('for two pictures of different sizes, of which a set metric cannot be asked either', async () => {
    const [a, b] = [join(dir, 'a.png'), join(dir, 'b.png')];
    await writeFile(a, await picture(1, 32, 32));
    await writeFile(b, await picture(1, 33, 32));
    const [ssim, similarity, frechet] = await asked(a, b, 'ssim,embedding-similarity,frechet');
    expect(ssim!.error).toContain(
      differentSizes('ssim', { width: 32, height: 32 }, { width: 33, height: 32 }).message,
    );
    expect(similarity!.value).toBeGreaterThan(0);
    expect(frechet!.error).toContain(tooFewForSet('frechet', 1).message);
  });

  it('for folders of other pictures', async () => {
    for (const folder of ['a', 'b']) await mkdir(join(dir, folder));
    for (const name of ['a/1', 'a/2', 'a/3', 'b/1', 'b/2'])
      await writeFile(join(dir, `${name}.png`), await picture(Number(name.at(-1)), 32, 32));
    const [a, b] = [join(dir, 'a'), join(dir, 'b')];
    await expect(asked(a, b, 'frechet')).rejects.toThrow(unmatchedFiles(a, b, [join(a, '3.png')]).message);
  });

  it('for matrices of features', async () => {
    const file = async (name: string, n: number, values: (i: number) => number): Promise<string> => {
      const path = join(dir, name);
      const data = Float64Array.from({ length: n * 2 }, (_, i) => values(i));
      await writeFile(path, encodeNpy(tensor('float64', [n, 2], data)));
      return path;
    };
    const good = await file('good.npy', 6, (i) => Math.sin(i * i));
    const ask = async (path: string): Promise<string> =>
      measureFeatures(path, good, ['frechet'], { allowUnequal: false }).then(
        ([result]) => result!.error ?? '',
        (error: Error) => error.message,
      );
    const fewer = await file('fewer.npy', 4, (i) => Math.sin(i));
    expect(await ask(fewer)).toContain(unequalSets(fewer, 4, good, 6).message);
    expect(await ask(await file('one.npy', 1, (i) => i))).toContain('expected at least 2 rows');
    expect(await ask(await file('nan.npy', 6, (i) => (i === 5 ? Number.NaN : i)))).toContain(
      'NaN stands in row 2, column 1',
    );
    const flat = await file('flat.npy', 6, (i) => i % 2);
    expect(await ask(flat)).toContain(constantFeatures(flat, 6).message);
    expect(await ask(good)).toBe('');
  });
});
