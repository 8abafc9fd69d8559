import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunFolder } from '../../src/run/run-folder.ts';
import { compareRuns } from '../../src/analysis/compare.ts';
import { writeComparison } from '../../src/report/comparison-report.ts';
import { identityAttack, jpeg, makeRun } from '../report-fixture.ts';

const draws = 300;

describe('two runs side by side', () => {
  let run: RunFolder;
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'craquelure-compare-'));
    run = await makeRun({ dir, attacks: [identityAttack, jpeg(75)] });
  });

  it('do not differ from themselves in any pair, nor in their manifests', () => {
    const { pairs, images, manifests } = compareRuns(run, run, { draws });
    expect(images).toEqual({ shared: 4, onlyA: 0, onlyB: 0, changed: 0 });
    expect(manifests).toEqual([]);
    expect(pairs).toHaveLength(12);
    for (const { difference, changed } of pairs) {
      expect(changed).toBe(false);
      if (difference === undefined) continue;
      expect(difference.value).toBeCloseTo(0, 12);
      expect(difference.interval!.hi - difference.interval!.lo).toBeLessThan(1e-9); // paired, so without width
    }
  });

  it('are compared on the pictures that both have with the same bytes', () => {
    const items = run.manifest.dataset.items.map((item, i) =>
      i === 0 ? { ...item, sha256: 'other' } : item,
    );
    const fewer = { ...run.manifest, dataset: { ...run.manifest.dataset, items: items.slice(0, 3) } };
    const lost = run.manifest.dataset.items[3]!.id;
    const other = { ...run, manifest: fewer, rows: run.rows.filter(({ image }) => image !== lost) };
    const { images, pairs } = compareRuns(run, other, { draws });
    expect(images).toEqual({ shared: 2, onlyA: 1, onlyB: 0, changed: 1 });
    expect(pairs.every(({ n }) => n === 2)).toBe(true);
  });

  it('tell a protection that got weaker, changed verdicts, and pairs that one of them lacks', () => {
    const weaker = {
      ...run,
      rows: run.rows.map((row) =>
        row.protection.startsWith('ripple') &&
        row.attack.startsWith('jpeg') &&
        row.arm === 'attacked-protected'
          ? { ...row, value: 1 }
          : row,
      ),
      cells: run.cells.filter(({ metric }) => metric.label === 'ssim'),
    };
    const { pairs } = compareRuns(run, weaker, { draws });
    const pair = pairs.find(
      ({ protection, attack, metric }) =>
        protection.startsWith('ripple') && attack.startsWith('jpeg') && metric === 'ssim',
    )!;
    expect(pair.difference!.interval!.hi).toBeLessThan(0);
    expect(pair.changed).toBe(true);
    expect(pairs.filter(({ metric }) => metric === 'psnr').every(({ b }) => b === undefined)).toBe(true);
  });

  it('name what their manifests disagree on', () => {
    const { manifest } = run;
    const moved = {
      ...run,
      manifest: {
        ...manifest,
        seeds: [1],
        environment: {
          ...manifest.environment,
          cores: 64,
          libraries: { ...manifest.environment.libraries, vips: '9' },
        },
      },
    };
    const fields = compareRuns(run, moved, { draws }).manifests.map(({ field }) => field);
    expect(fields).toEqual(expect.arrayContaining(['seeds', 'machine.cores', 'libraries.vips']));
    expect(fields).toHaveLength(3);
  });

  it('are a page, a chart for each metric in three forms, and the numbers', async () => {
    const weaker = {
      ...run,
      manifest: { ...run.manifest, run: 'fixture-11111111' },
      rows: run.rows.map((row) =>
        row.protection.startsWith('ripple') &&
        row.attack.startsWith('jpeg') &&
        row.metric === 'ssim' &&
        row.arm === 'attacked-protected'
          ? { ...row, value: 1 }
          : row,
      ),
    };
    const dir = await mkdtemp(join(tmpdir(), 'craquelure-comparison-'));
    const found = compareRuns(run, weaker, { draws });
    const page = await readFile(await writeComparison(found, dir), 'utf8');
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    const changed = found.pairs.filter(({ changed }) => changed);
    expect(changed.length).toBeGreaterThan(0);
    expect(page.match(/data-outcome="changed"/g)).toHaveLength(changed.length);
    const figures = await readdir(join(dir, 'figures'));
    expect(figures.sort()).toEqual(
      ['psnr', 'ssim'].flatMap((metric) =>
        ['png', 'svg', 'vl.json'].map((extension) => `compare-${metric}.${extension}`),
      ),
    );
    const { pairs } = JSON.parse(await readFile(join(dir, 'compare.json'), 'utf8'));
    expect(pairs).toHaveLength(found.pairs.length);
    // What got weaker is orange in the chart, and nothing else is.
    const spec = await readFile(join(dir, 'figures', 'compare-ssim.vl.json'), 'utf8');
    expect(spec.match(/"colour": "#d55e00"/g)).toHaveLength(1);
    expect(spec).not.toContain('"colour": "#0072b2"');
  });

  it('say that they have nothing in common where they have not', async () => {
    const other = { ...run, cells: [], rows: [], manifest: { ...run.manifest, run: 'other' } };
    const dir = await mkdtemp(join(tmpdir(), 'craquelure-comparison-'));
    const page = await readFile(await writeComparison(compareRuns(run, other, { draws }), dir), 'utf8');
    expect(page).toContain('have no pair of protection, attack and metric in common');
  });
});
