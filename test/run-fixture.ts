/** Small experiments on small pictures, in a folder of their own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll } from 'vitest';
import { inlineExecutor } from '../src/jobs/executor.ts';
import { prepareRun } from '../src/run/prepare.ts';
import { type RunOptions, type RunOutcome, runPlan } from '../src/run/run.ts';
import type { JobEvent } from '../src/jobs/session.ts';
import { seededRandom } from '../src/random.ts';

const folders: string[] = [];

/** A temporary folder, removed when the file's tests are over. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-test-'));
  folders.push(dir);
  return dir;
}

afterAll(() => Promise.all(folders.map((dir) => rm(dir, { recursive: true, force: true }))));

/** A smooth picture with some noise, as PNG bytes. */
export function picture(seed: number, width = 40, height = 32): Promise<Buffer> {
  const random = seededRandom(seed);
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const wave = 128 + 90 * Math.sin((x * (c + 1) + y * seed) / 7);
        pixels[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, wave + 8 * random.normal()));
      }
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** A folder with `images/a.png`, `images/b.png` ... and an experiment file over them. */
export async function experimentFolder(yaml: string, pictures = 2): Promise<{ dir: string; file: string }> {
  const dir = await temporaryFolder();
  await mkdir(join(dir, 'images'));
  for (let i = 0; i < pictures; i++) {
    await writeFile(join(dir, 'images', `${'abcdefgh'[i]}.png`), await picture(i + 1));
  }
  const file = join(dir, 'experiment.yaml');
  await writeFile(file, yaml.replaceAll('IMAGES', join(dir, 'images')));
  return { dir, file };
}

/** A run with its jobs. */
export interface TestRun extends RunOutcome {
  readonly jobs: readonly JobEvent[];
}

/** Runs an experiment file in this thread, with store and run folder beside it. */
export async function runFile(
  { dir, file }: { dir: string; file: string },
  options: Partial<RunOptions> & { out?: string; limit?: number; lenient?: boolean } = {},
): Promise<TestRun> {
  const { out = join(dir, 'run'), limit, lenient = false, ...rest } = options;
  const inputs = await prepareRun(file, { out, limit, store: join(dir, 'store'), maxPixels: 1e6, lenient });
  const jobs: JobEvent[] = [];
  const outcome = await runPlan(inputs, {
    openExecutor: async () => inlineExecutor(inputs.store.dir),
    onJob: (event) => jobs.push(event),
    ...rest,
  });
  return { ...outcome, jobs };
}

/** How many jobs of a stage had an outcome. */
export const countJobs = (
  { jobs }: TestRun,
  stage: JobEvent['job']['stage'],
  outcome: JobEvent['outcome'] = 'executed',
): number => jobs.filter((event) => event.job.stage === stage && event.outcome === outcome).length;
