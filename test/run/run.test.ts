import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inlineExecutor } from '../../src/jobs/executor.ts';
import { prepareRun } from '../../src/run/prepare.ts';
import { parseRows } from '../../src/run/rows.ts';
import { readRunFolder } from '../../src/run/run-folder.ts';
import { interrupted, runFolderBusy } from '../../src/messages/index.ts';
import { countJobs, experimentFolder, picture, runFile } from '../run-fixture.ts';

const MATRIX = `
name: small
dataset: IMAGES
protections: [identity, { noise: { level: [light, heavy] } }]
attacks: [identity, { jpeg: { quality: [80, 30] } }, "gaussian-noise(sigma=4) | jpeg(quality=60)"]
metrics: [ssim, linf]
`;

const withoutTimes = <T extends { readonly ms?: number | null }>(records: readonly T[]) =>
  records.map(({ ms: _, ...rest }) => rest);

describe('a run', () => {
  it('measures the four arms of every image in every cell, in the order of the matrix', async () => {
    const run = await runFile(await experimentFolder(MATRIX));
    const { rows, cells } = run.folder;
    expect(cells.length).toBe(3 * 4 * 2);
    expect(rows.length).toBe(cells.length * 2 * 4);
    expect([...new Set(rows.map(({ cell }) => cell))]).toEqual(cells.map(({ id }) => id));
    expect(rows.slice(0, 4).map(({ arm }) => arm)).toEqual([
      'clean',
      'protected',
      'attacked-clean',
      'attacked-protected',
    ]);
    expect(cells.every(({ status }) => status === 'ok')).toBe(true);
  });

  it('does equal work once: arms that are equal pictures share their jobs', async () => {
    const run = await runFile(await experimentFolder(MATRIX));
    expect(countJobs(run, 'import')).toBe(2);
    expect(countJobs(run, 'protect')).toBe(2 * 3);
    // Protection 'identity' gives the clean picture again, so its attacks are those of the clean arm.
    expect(countJobs(run, 'attack')).toBe(2 * 4 * 3);
  });

  it('keeps the budget on the saved file and records what it measured there', async () => {
    const { folder } = await runFile(await experimentFolder(MATRIX));
    const distance = (label: string): number[] =>
      folder.rows
        .filter((row) => row.protection === label && row.metric === 'linf' && row.arm === 'protected')
        .map(({ value }) => value!);
    expect(Math.max(...distance('noise(level=light)'))).toBe(4);
    expect(Math.max(...distance('noise(level=heavy)'))).toBe(16);
    expect(Math.max(...distance('identity'))).toBe(0);
    const heavy = folder.images.filter(
      (each) => each.arm === 'protected' && each.protection === 'noise(level=heavy)',
    );
    expect(heavy.map(({ linfPx }) => linfPx)).toEqual([16, 16]);
    expect(heavy.every(({ psnr }) => psnr! > 20 && psnr! < 40)).toBe(true);
  });

  it('meets both arms with the same random draws of an attack', async () => {
    const run = await runFile(
      await experimentFolder(
        MATRIX.replace('[ssim, linf]', '[mse]').replace(/attacks: .*/, 'attacks: [gaussian-noise]'),
      ),
    );
    const seeds = run.jobs.flatMap(({ job }) => (job.stage === 'attack' ? [job.seed] : []));
    expect(seeds.length).toBe(6);
    expect(new Set(seeds).size).toBe(2); // one a picture, whatever was done to it before
  });

  it('gives the same bytes on every run', async () => {
    const folder = await experimentFolder(MATRIX);
    const first = await runFile(folder);
    await rm(join(folder.dir, 'store'), { recursive: true });
    await rm(join(folder.dir, 'run'), { recursive: true });
    const second = await runFile(folder);
    expect(withoutTimes(second.folder.rows)).toEqual(withoutTimes(first.folder.rows));
    expect(withoutTimes(second.folder.images)).toEqual(withoutTimes(first.folder.images));
  });

  it('has nothing to do the second time', async () => {
    const folder = await experimentFolder(MATRIX);
    await runFile(folder);
    const again = await runFile(folder);
    expect(again.unchanged).toBe(true);
    expect(again.jobs).toEqual([]);
  });

  it('takes everything from the store where only the run folder is new', async () => {
    const folder = await experimentFolder(MATRIX);
    const first = await runFile(folder);
    const other = await runFile(folder, { out: join(folder.dir, 'other') });
    expect(other.counts.executed).toBe(0);
    expect(other.folder.rows).toEqual(first.folder.rows);
  });

  it.each(['.', 'experiments', 'experiments/mine'])(
    'looks for its data set beside its file and one folder above: %s',
    async (place) => {
      const { dir, file } = await experimentFolder(MATRIX.replace('IMAGES', 'images'), 1);
      const moved = join(dir, place, 'moved.yaml');
      await mkdir(join(dir, place), { recursive: true });
      await rename(file, moved);
      const prepared = prepareRun(moved, { store: join(dir, 'store'), maxPixels: 1e6 });
      if (place === 'experiments/mine') await expect(prepared).rejects.toThrow("'images'");
      else expect((await prepared).dataset.items).toHaveLength(1);
    },
  );

  it('writes nothing half: no temporary file, no lock is left', async () => {
    const { dir, file } = await experimentFolder(MATRIX);
    await runFile({ dir, file });
    const files = await readdir(dir, { recursive: true });
    expect(files.filter((name) => /\.(?:tmp|lock|retry)$/.test(name))).toEqual([]);
  });
});

describe('an interrupted run', () => {
  it('goes on where it stopped and ends with the rows of an undisturbed one', async () => {
    const folder = await experimentFolder(MATRIX);
    const whole = await runFile(folder, { out: join(folder.dir, 'whole') });
    await rm(join(folder.dir, 'store'), { recursive: true });

    const abort = new AbortController();
    let cells = 0;
    const stopped = runFile(folder, {
      signal: abort.signal,
      onCell: () => {
        cells++;
        if (cells === 5) abort.abort();
      },
    });
    await expect(stopped).rejects.toEqual(interrupted());
    const partial = await readRunFolder(join(folder.dir, 'run'));
    expect(partial.manifest.finished).toBeNull();
    expect(partial.rows.length).toBe(5 * 8);

    const resumed = await runFile(folder);
    expect(withoutTimes(resumed.folder.rows)).toEqual(withoutTimes(whole.folder.rows));
    expect(resumed.counts.executed).toBeLessThan(whole.counts.executed);
  });

  it('drops a row that a crash cut short', async () => {
    const folder = await experimentFolder(MATRIX);
    const whole = await runFile(folder);
    const rowsFile = join(folder.dir, 'run', 'rows.jsonl');
    const bytes = await readFile(rowsFile);
    await truncate(rowsFile, Math.floor(bytes.length * 0.61)); // in the middle of some row of some cell
    const manifestFile = join(folder.dir, 'run', 'manifest.json');
    const manifest = JSON.parse(await readFile(manifestFile, 'utf8'));
    await writeFile(manifestFile, JSON.stringify({ ...manifest, finished: null }));

    const resumed = await runFile(folder);
    expect(resumed.counts.executed).toBe(0);
    expect(await readFile(rowsFile)).toEqual(bytes);
    expect(resumed.folder.rows).toEqual(whole.folder.rows);
  });

  it('refuses a folder in which a living process works', async () => {
    const folder = await experimentFolder(MATRIX);
    await runFile(folder);
    await writeFile(join(folder.dir, 'run', 'run.lock'), String(process.ppid));
    await expect(runFile(folder)).rejects.toEqual(
      runFolderBusy(join(folder.dir, 'run'), `process ${process.ppid}`, join(folder.dir, 'run', 'run.lock')),
    );
  });

  it('takes over the lock of a process that is gone', async () => {
    const folder = await experimentFolder(MATRIX);
    await runFile(folder);
    await writeFile(join(folder.dir, 'run', 'run.lock'), '999999999');
    expect((await runFile(folder)).unchanged).toBe(true);
  });
});

describe('failures', () => {
  const broken = async () => {
    const folder = await experimentFolder(MATRIX, 3);
    const whole = await picture(9);
    await writeFile(join(folder.dir, 'images', 'b.png'), whole.subarray(0, whole.length / 2));
    return folder;
  };

  it('become error rows of the image that failed, and harm no other', async () => {
    const run = await runFile(await broken());
    const bad = run.folder.rows.filter(({ status }) => status === 'error');
    expect(new Set(bad.map(({ image }) => image))).toEqual(new Set(['b.png']));
    expect(bad.length).toBe(run.folder.rows.length / 3);
    expect(bad.every(({ value, error }) => value === null && error!.includes('b.png'))).toBe(true);
    expect(run.failedCells).toBe(run.folder.cells.length);
    expect(run.folder.cells.every(({ status }) => status === 'partial')).toBe(true);
  });

  it('stop the run under failFast, and keep the rows before', async () => {
    const folder = await broken();
    await expect(runFile(folder, { failFast: true })).rejects.toMatchObject({ code: 'STORE' });
    const rows = parseRows(await readFile(join(folder.dir, 'run', 'rows.jsonl'), 'utf8'));
    expect(rows.length).toBe(3 * 4);
  });

  it('are done again under retryErrors, and only they', async () => {
    const folder = await broken();
    await runFile(folder);
    // The program is mended, so to speak: the same bytes can be decoded now.
    const stays = await runFile(folder);
    expect(stays.unchanged).toBe(true);
    const retried = await runFile(folder, { retryErrors: true });
    expect(retried.unchanged).toBe(false);
    expect(countJobs(retried, 'import', 'failed')).toBe(1);
    expect(countJobs(retried, 'import', 'executed')).toBe(0);
    expect(withoutTimes(retried.folder.rows)).toEqual(withoutTimes(stays.folder.rows));
  });

  it('of an artefact damaged in the store mend themselves', async () => {
    const folder = await experimentFolder(MATRIX);
    const first = await runFile(folder);
    const { path } = first.folder.images.find(({ arm }) => arm === 'protected')!;
    const bytes = await readFile(path);
    bytes[bytes.length - 20]! ^= 0xff; // same size, other content
    await writeFile(path, bytes);
    // Every measurement is lost, so that the damaged picture is read again.
    await rm(join(folder.dir, 'run'), { recursive: true });
    await forgetStage(join(folder.dir, 'store', 'records'), 'measure');
    const second = await runFile(folder);
    expect(second.failedCells).toBe(0);
    expect(withoutTimes(second.folder.rows)).toEqual(withoutTimes(first.folder.rows));
  });
});

async function forgetStage(records: string, stage: string): Promise<void> {
  for (const name of await readdir(records, { recursive: true })) {
    if (!name.endsWith('.json')) continue;
    const text = await readFile(join(records, name), 'utf8');
    if (JSON.parse(text).record.job.stage === stage) await rm(join(records, name));
  }
}

describe('a changed experiment', () => {
  it('keeps the earlier run aside and reuses its artefacts', async () => {
    const folder = await experimentFolder(MATRIX);
    const first = await runFile(folder);
    await writeFile(folder.file, (await readFile(folder.file, 'utf8')).replace('[80, 30]', '[80, 30, 20]'));
    const notes: string[] = [];
    const second = await runFile(folder, { onNote: (note) => notes.push(note) });
    expect(second.counts.executed).toBeGreaterThan(0);
    expect(countJobs(second, 'protect')).toBe(0);
    expect(notes.length).toBe(1);
    const aside = await readRunFolder(`${join(folder.dir, 'run')}.${first.folder.manifest.plan.slice(0, 8)}`);
    expect(aside.rows).toEqual(first.folder.rows);
  });

  it('starts no executor where nothing is to do', async () => {
    const folder = await experimentFolder(MATRIX);
    await runFile(folder);
    let opened = 0;
    await runFile(folder, {
      openExecutor: async () => {
        opened++;
        return inlineExecutor(join(folder.dir, 'store'));
      },
    });
    expect(opened).toBe(0);
  });
});
