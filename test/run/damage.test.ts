import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  changedRunFile,
  damagedRunFile,
  diskFull,
  droppedRows,
  interrupted,
  repairedResults,
  repairedRunFiles,
} from '../../src/messages/index.ts';
import { readRunFolder } from '../../src/run/run-folder.ts';
import { experimentFolder, runFile, type TestRun } from '../run-fixture.ts';

const MATRIX = `
name: small
dataset: IMAGES
protections: [identity, { noise: { level: light } }]
attacks: [{ jpeg: { quality: [80, 30] } }]
metrics: [ssim, linf]
`;

type Folder = Awaited<ReturnType<typeof experimentFolder>>;

const rowsOf = ({ dir }: Folder): string => join(dir, 'run', 'rows.jsonl');

/** A whole run, the bytes of its rows, and a way to run it again that tells its notes. */
async function wholeRun() {
  const folder = await experimentFolder(MATRIX);
  const whole = await runFile(folder);
  const again = async (): Promise<{ run: TestRun; notes: string[] }> => {
    const notes: string[] = [];
    const run = await runFile(folder, { onNote: (note) => notes.push(note) });
    return { run, notes };
  };
  return { folder, whole, rows: await readFile(rowsOf(folder)), again };
}

/** The same, interrupted in the middle. */
async function interruptedRun() {
  const folder = await experimentFolder(MATRIX);
  await runFile(folder, { out: join(folder.dir, 'whole') });
  const whole = await readFile(join(folder.dir, 'whole', 'rows.jsonl'));
  const abort = new AbortController();
  let cells = 0;
  const onCell = () => {
    cells++;
    if (cells === 5) abort.abort();
  };
  await expect(runFile(folder, { signal: abort.signal, onCell })).rejects.toEqual(interrupted());
  return { folder, whole, notes: [] as string[] };
}

async function recordsOf({ dir }: Folder, stage: string): Promise<string[]> {
  const records = join(dir, 'store', 'records');
  const names = (await readdir(records, { recursive: true })).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(records, name), 'utf8')));
  return names.filter((_, i) => texts[i]!.includes(`"stage":"${stage}"`)).map((name) => join(records, name));
}

describe('a damaged result in the store', () => {
  it('is made again and counted, so that a run in a new folder has the same rows', async () => {
    const { folder, whole } = await wholeRun();
    const measured = await recordsOf(folder, 'measure');
    for (const path of measured) {
      const text = await readFile(path, 'utf8'); // one digit of the value
      await writeFile(
        path,
        text.replace(
          /("value":-?[0-9.]*?)(\d)([^0-9.]*\}\})/,
          (_, a, d, b) => `${a}${(Number(d) + 1) % 10}${b}`,
        ),
      );
    }
    const notes: string[] = [];
    const other = await runFile(folder, {
      out: join(folder.dir, 'other'),
      onNote: (note) => notes.push(note),
    });
    const plain = ({ folder: run }: TestRun) => run.rows.map(({ ms: _, ...row }) => row);
    expect(plain(other)).toEqual(plain(whole));
    expect(other.counts.executed).toBe(measured.length);
    expect(notes).toEqual([repairedResults(measured.length)]);
  });

  it('without its output, or with another key, stops nothing', async () => {
    const { folder, whole } = await wholeRun();
    const [a, b, c] = await recordsOf(folder, 'measure');
    await writeFile(a!, '{"key":"x"}');
    await writeFile(b!, 'null');
    await writeFile(c!, (await readFile(c!, 'utf8')).replace(/"key":"./, '"key":"_'));
    const other = await runFile(folder, { out: join(folder.dir, 'other') });
    expect(other.failedCells).toBe(0);
    expect(other.folder.rows.map(({ value }) => value)).toEqual(whole.folder.rows.map(({ value }) => value));
  });

  it('of the times is replaced', async () => {
    const { folder } = await wholeRun();
    for (const text of ['null', '{"import":null}', '[1', '{"import":{"jobs":"x","ms":-1}}']) {
      await writeFile(join(folder.dir, 'store', 'timings.json'), text);
      const { readTimings } = await import('../../src/plan/estimate.ts');
      const { openStore } = await import('../../src/jobs/store.ts');
      expect(await readTimings(openStore(join(folder.dir, 'store')))).toEqual({});
    }
  });
});

describe('a finished run', () => {
  const damages: readonly [string, (text: string) => string][] = [
    ['cut short', (text) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['with NULs at its end', (text) => `${text.slice(0, -400)}${'\0'.repeat(400)}`],
    ['with CRLF', (text) => text.replaceAll('\n', '\r\n')],
    ['with a byte order mark', (text) => `\uFEFF${text}`],
    [
      'with another digit',
      (text) => text.replace(/"value":0\.(\d)/, (_, digit) => `"value":0.${(Number(digit) + 1) % 10}`),
    ],
    ['of null', () => 'null\n'],
  ];

  it.each(damages)('whose rows.jsonl is %s is not finished, and run makes it again', async (_, damage) => {
    const { folder, rows, again } = await wholeRun();
    await writeFile(rowsOf(folder), damage(rows.toString()));
    await expect(readRunFolder(join(folder.dir, 'run'))).rejects.toThrow(
      changedRunFile(join(folder.dir, 'run'), 'rows.jsonl'),
    );
    const { run, notes } = await again();
    expect(run.unchanged).toBe(false);
    expect(run.counts.executed).toBe(0);
    expect(notes).toEqual([repairedRunFiles(['rows.jsonl'])]);
    expect(await readFile(rowsOf(folder))).toEqual(rows);
    expect((await again()).run.unchanged).toBe(true);
  });

  it.each(['rows.jsonl', 'cells.json', 'images.json', 'results.csv', 'results.parquet'])(
    'whose %s is gone or damaged has it made again',
    async (name) => {
      const { folder, again } = await wholeRun();
      const path = join(folder.dir, 'run', name);
      const before = await readFile(path);
      await rm(path);
      expect((await again()).notes).toEqual([repairedRunFiles([name])]);
      expect(await readFile(path)).toEqual(before);
      await writeFile(path, before.subarray(0, before.length - 5));
      expect((await again()).notes).toEqual([repairedRunFiles([name])]);
      expect(await readFile(path)).toEqual(before);
    },
  );

  it('of an earlier version, without hashes, is looked at by its rows', async () => {
    const { folder, rows, again } = await wholeRun();
    const path = join(folder.dir, 'run', 'manifest.json');
    const { files: _, ...manifest } = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(manifest));
    expect((await again()).run.unchanged).toBe(true);
    await writeFile(rowsOf(folder), rows.subarray(0, rows.indexOf('\n') + 1));
    expect((await again()).notes).toEqual([repairedRunFiles(['rows.jsonl'])]);
    expect(await readFile(rowsOf(folder))).toEqual(rows);
  });

  it('does rows again that failed because the disk was full, by the same command', async () => {
    const { folder, rows, again } = await wholeRun();
    const path = join(folder.dir, 'run', 'manifest.json');
    const { files: _, ...manifest } = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(manifest));
    const [first, ...rest] = rows.toString().split('\n');
    const failed = {
      ...JSON.parse(first!),
      value: null,
      n: 0,
      ms: 0,
      status: 'error',
      error: diskFull('/x/y').message,
    };
    await writeFile(rowsOf(folder), [JSON.stringify(failed), ...rest].join('\n'));
    const { run } = await again();
    expect(run.failedCells).toBe(0);
    expect(await readFile(rowsOf(folder))).toEqual(rows);
  });
});

describe('an interrupted run', () => {
  const damages: readonly [string, (text: string) => string][] = [
    ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text) => `\uFEFF${text}`],
    ['blank lines', (text) => text.replaceAll('\n', '\n\n')],
    ['other spacing', (text) => text.replaceAll('":', '": ')],
    ['a damaged line in the middle', (text) => text.replace('"arm":"protected"', '"arm":protected"')],
    ['another name in a row', (text) => text.replace('"image":"b.png"', '"image":"c.png"')],
    [
      'another value in a row',
      (text) => text.replace(/"value":0\.(\d)/, (_, digit) => `"value":0.${(Number(digit) + 1) % 10}`),
    ],
    ['NULs and a newline', (text) => `${text}${'\0'.repeat(99)}\n`],
    ['a cut in its last line', (text) => text.slice(0, -7)],
  ];

  it.each(damages)('whose rows have %s ends with the rows of an undisturbed one', async (_, damage) => {
    const { folder, whole } = await interruptedRun();
    await writeFile(rowsOf(folder), damage(await readFile(rowsOf(folder), 'utf8')));
    const run = await runFile(folder);
    expect(run.counts.executed).toBe(0);
    expect(await readFile(rowsOf(folder))).toEqual(whole);
  });

  it('says how many lines it writes again', async () => {
    const { folder, notes } = await interruptedRun();
    const lines = (await readFile(rowsOf(folder), 'utf8')).split('\n').length - 1;
    await appendFile(rowsOf(folder), '{"cell":"nobody"}\n');
    await runFile(folder, { onNote: (note) => notes.push(note) });
    expect(notes).toEqual([droppedRows(1, lines)]);
  });

  it('whose store is gone has all images in the end, and says so', async () => {
    const { folder, whole, notes } = await interruptedRun();
    await rm(join(folder.dir, 'store'), { recursive: true });
    const run = await runFile(folder, { onNote: (note) => notes.push(note) });
    const plain = (text: Buffer) => text.toString().replaceAll(/"ms":[0-9.]+/g, '');
    expect(plain(await readFile(rowsOf(folder)))).toEqual(plain(whole));
    const { images } = await readRunFolder(join(folder.dir, 'whole'));
    expect(run.folder.images).toHaveLength(images.length);
    expect(notes).toHaveLength(1);
  });

  it('names the file and the line that cannot be read', async () => {
    const { folder } = await interruptedRun();
    const dir = join(folder.dir, 'run');
    const text = await readFile(rowsOf(folder), 'utf8');
    await writeFile(rowsOf(folder), text.replace('\n', '\n???\n'));
    await expect(readRunFolder(dir)).rejects.toThrow(damagedRunFile(dir, 'rows.jsonl', 2));
    await writeFile(rowsOf(folder), text);
    await writeFile(join(dir, 'images.json'), '[{');
    await expect(readRunFolder(dir)).rejects.toThrow(damagedRunFile(dir, 'images.json'));
    await writeFile(join(dir, 'images.json'), '[]');
    await writeFile(join(dir, 'cells.json'), '{}');
    await expect(readRunFolder(dir)).rejects.toThrow(damagedRunFile(dir, 'cells.json'));
  });
});
