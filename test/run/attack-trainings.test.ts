import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { learnedRemover } from '../../src/attacks/purifiers/learned-remover.ts';
import type { Job } from '../../src/jobs/job.ts';
import { tooFewTrainingImages, interrupted, notTrained } from '../../src/messages/index.ts';
import { seededRandom } from '../../src/random.ts';
import { randomImage } from '../pictures.ts';
import { join } from 'node:path';
import { countJobs, experimentFolder, runFile, type TestRun } from '../run-fixture.ts';

const yaml = (training: string, pairs = 3): string => `
name: learned
dataset: IMAGES
protections: [{ noise: { level: heavy } }]
attacks:
  - identity
  - learned-remover: { pairs: ${pairs}, training: '${training}', steps: 120, channels: 16, cropSize: 32 }
metrics: [mse]
`;

const mean = ({ folder: { rows } }: TestRun, protection: string, attack: string, arm: string): number => {
  const values = rows
    .filter(
      (row) => row.protection.startsWith(protection) && row.attack.startsWith(attack) && row.arm === arm,
    )
    .map(({ value }) => value!);
  return values.reduce((a, b) => a + b) / values.length;
};

it('an attack is trained once for a protection, on images that it does not attack, and is found again', async () => {
  const folder = await experimentFolder(yaml('atelier(count=3, size=128, seed=5)'));
  const first = await runFile(folder);
  expect(first.folder.rows.every(({ status }) => status === 'ok')).toBe(true);
  expect(countJobs(first, 'train-attack')).toBe(1);
  const remains = (arm: string): number => mean(first, 'noise', 'learned-remover', arm);
  expect(remains('attacked-protected') - remains('attacked-clean')).toBeLessThan(
    0.7 * mean(first, 'noise', 'identity', 'protected'),
  );

  const again = await runFile(folder, { out: join(folder.dir, 'again') });
  expect(countJobs(again, 'train-attack')).toBe(0);
  const values = ({ folder: { rows } }: TestRun) => rows.map(({ value }) => value);
  expect(values(again)).toEqual(values(first));
});

it('a training that was interrupted goes on where it was, says how far it is, and ends at the same numbers', async () => {
  const text = yaml('atelier(count=3, size=128, seed=5)').replace('steps: 120', 'steps: 30, latentWeight: 0');
  const folder = await experimentFolder(text);
  const abort = new AbortController();
  const heard: number[] = [];
  const onProgress = (job: Job, fraction: number): void => {
    if (job.stage !== 'train-attack') return;
    heard.push(fraction);
    if (fraction > 0.5) abort.abort();
  };
  await expect(runFile(folder, { signal: abort.signal, onProgress })).rejects.toThrow(interrupted());
  expect(heard.length).toBeGreaterThan(15);
  const trainings = join(folder.dir, 'store', 'trainings');
  expect(await readdir(trainings)).toHaveLength(1);

  heard.length = 0;
  const rest = await runFile(folder, { onProgress: (_, fraction) => heard.push(fraction) });
  expect(Math.min(...heard)).toBeGreaterThan(0.5);
  expect(await readdir(trainings)).toEqual([]);
  const whole = await runFile(await experimentFolder(text));
  const values = ({ folder: { rows } }: TestRun) => rows.map(({ value }) => value);
  expect(values(rest)).toEqual(values(whole));
});

it('training on the attacked images themselves, or on too few, is an error that names both numbers', async () => {
  await expect(runFile(await experimentFolder(yaml('IMAGES', 2)))).rejects.toThrow(
    tooFewTrainingImages('learned-remover', 2, 0),
  );
});

it('a trained attack cannot be applied without its training', async () => {
  const params = learnedRemover.params.parse({});
  await expect(learnedRemover.apply(randomImage(8, 8), params, { random: seededRandom(0) })).rejects.toThrow(
    notTrained('learned-remover'),
  );
});

it('auto-purify chooses a chain on pictures of its own, and takes more of noise than JPEG alone does', async () => {
  const folder = await experimentFolder(`
name: purify
dataset: IMAGES
protections: [{ noise: { level: [heavy, light] } }]
attacks:
  - jpeg
  - auto-purify: { pairs: 2, links: 2, beamWidth: 1, minPsnr: 15, training: 'atelier(count=2, size=128, seed=5)' }
metrics: [latent-displacement]
`);
  const run = await runFile(folder);
  expect(run.folder.rows.every(({ status }) => status === 'ok')).toBe(true);
  expect(countJobs(run, 'train-attack')).toBe(2);
  // 9 chains of one link, and 9 that begin with the best of them.
  const [training] = run.folder.manifest.attackTrainings!;
  expect(training).toMatchObject({
    attack: run.folder.cells.at(-1)!.attack.label,
    protection: 'noise(level=heavy)',
  });
  expect(training!.description).toMatch(/^[a-z-]+.*; of 18 tried; left on validation pairs 0\.\d+/);
  expect(training!.ms).toBeGreaterThan(0);
  const shift = (attack: string): number =>
    mean(run, 'noise(level=heavy)', attack, 'attacked-protected') -
    mean(run, 'noise(level=heavy)', attack, 'attacked-clean');
  expect(shift('auto-purify')).toBeLessThan(shift('jpeg'));

  // What it does to a clean picture depends on the protection that it was trained on; what JPEG does, does not.
  const controls = run.folder.images.filter(({ arm }) => arm === 'attacked-clean');
  const trainedOn = (attack: string) =>
    controls.filter((image) => image.attack!.startsWith(attack)).map(({ protection }) => protection);
  expect(trainedOn('jpeg')).toEqual([null, null]);
  expect(trainedOn('auto-purify').sort()).toEqual([
    'noise(level=heavy)',
    'noise(level=heavy)',
    'noise(level=light)',
    'noise(level=light)',
  ]);
});
