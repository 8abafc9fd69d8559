import { parquetReadObjects } from 'hyparquet';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { type PricedRow, toCsv, toParquet } from '../../src/run/results.ts';
import { formatRow, parseRows, type Row } from '../../src/run/rows.ts';

const row: Row = {
  run: 'demo-01234567',
  cell: 'abcdefabcdef',
  protection: 'noise(level=light)',
  attack: 'jpeg(quality=75) | rescale',
  metric: 'psnr',
  arm: 'protected',
  image: 'a, "b"\n<c>.png',
  value: 31.25,
  unit: 'dB',
  higherIsBetter: true,
  n: 1,
  seed: 4294967295,
  ms: 1.5,
  status: 'ok',
  error: null,
};
const rows: readonly Row[] = [
  row,
  { ...row, value: Infinity, arm: 'clean' },
  { ...row, value: null, n: 0, status: 'error', error: 'Cannot use image' },
];
const priced: readonly PricedRow[] = rows.map((each, i) =>
  i === 0
    ? { ...each, attackMs: 12.5, networks: 'atelier-vae + other' }
    : { ...each, attackMs: null, networks: '' },
);

describe('rows', () => {
  it('come back from JSON lines as they were, infinity included', () => {
    expect(parseRows(rows.map((each) => `${formatRow(each)}\n`).join(''))).toEqual(rows);
  });

  it('lose a last line that was cut short, and nothing else', () => {
    const text = rows.map((each) => `${formatRow(each)}\n`).join('');
    expect(parseRows(text.slice(0, -5))).toEqual(rows.slice(0, 2));
  });

  it('come back from CSV, with quotes, commas and line breaks in names', () => {
    const { data } = Papa.parse<Record<string, string>>(toCsv(priced), {
      header: true,
      skipEmptyLines: true,
    });
    expect(data.map(({ image }) => image)).toEqual(rows.map(({ image }) => image));
    expect(data.map(({ value }) => value)).toEqual(['31.25', 'inf', '']);
    expect(data.map(({ attackMs, networks }) => [attackMs, networks])).toEqual([
      ['12.5', 'atelier-vae + other'],
      ['', ''],
      ['', ''],
    ]);
  });

  it('have no cell that a spreadsheet would run, and every number as it is', () => {
    const names = ['=cmd|calc!A1.png', '@SUM(1+1).png', '+1', '-2', '\t=1', 'a=b.png'];
    const hostile = names.map((image): PricedRow => ({ ...priced[1]!, image, value: -Infinity }));
    const { data } = Papa.parse<Record<string, string>>(
      toCsv([...hostile, { ...priced[0]!, value: -1.5, error: '=1+1' }]),
      { header: true, skipEmptyLines: true },
    );
    const marked = names.map((name) => (name === 'a=b.png' ? name : `'${name}`));
    expect(data.map(({ image }) => image)).toEqual([...marked, row.image]);
    expect(data.map(({ value }) => value)).toEqual([...names.map(() => '-inf'), '-1.5']);
    expect(data.at(-1)!.error).toBe("'=1+1");
  });

  it('come back from Parquet with types', async () => {
    const bytes = await toParquet(priced);
    const back = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    expect(back.map(({ seed, ...rest }) => ({ ...rest, seed: Number(seed) }))).toEqual(
      priced.map(({ seed, ...rest }) => ({ ...rest, seed })),
    );
  });
});
