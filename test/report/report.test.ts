import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RunFolder } from '../../src/run/run-folder.ts';
import { writeReport } from '../../src/report/report.ts';
import {
  blur,
  type FixtureOptions,
  identityAttack,
  identityProtection,
  jpeg,
  makeRun,
  noise,
  paint,
  ripple,
  settingOf,
  ssim,
} from '../report-fixture.ts';

const draws = 300;
const small = { images: ['meadow.png', 'harbour.png', 'mill.png'], size: 32 } as const;

async function reported(
  options: Omit<FixtureOptions, 'dir'> = {},
  change: (run: RunFolder) => RunFolder = (run) => run,
): Promise<{ run: RunFolder; page: string; warnings: string[] }> {
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-report-'));
  const run = change(await makeRun({ dir, ...small, ...options }));
  const warnings: string[] = [];
  const path = await writeReport(run, { draws, onWarning: (message) => warnings.push(message) });
  expect(path).toBe(join(dir, 'report.html'));
  return { run, page: await readFile(path, 'utf8'), warnings };
}

/** What a reader sees of a section: its words, without tags. */
function textOf(page: string, id: string): string {
  const section = new RegExp(`<section id="${id}">(.*?)</section>`, 's').exec(page)![1]!;
  return section
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** The words of the table of all cells, row by row. */
const cellsOf = (page: string): string[][] =>
  [.../<table id="cell-table">.*?<tbody>(.*?)<\/tbody>/s.exec(page)![1]!.matchAll(/<tr\b.*?<\/tr>/gs)].map(
    ([row]) =>
      [...row.matchAll(/<td\b[^>]*>(.*?)<\/td>/gs)].map(([, cell]) =>
        cell!.replaceAll(/<[^>]*>/g, ' ').trim(),
      ),
  );

/** The data of a script element of the page. */
const dataOf = (page: string, id: string) =>
  JSON.parse(new RegExp(`<script type="application/json" id="${id}">(.*?)</script>`, 's').exec(page)![1]!);

describe('the verdict rule of an experiment', () => {
  it('sets thresholds and primary effect of its report', async () => {
    const verdict = { holds: 0.95, broken: 0.05, effect: 'psnr' };
    const { run, page } = await reported({ protections: [noise] }, (made) => ({
      ...made,
      manifest: { ...made.manifest, verdict },
    }));
    expect(textOf(page, 'guide')).toContain('holds : the whole interval of R is above 0.95.');
    const written = JSON.parse(await readFile(join(run.dir, 'findings.json'), 'utf8'));
    expect(written).toMatchObject({ thresholds: { holds: 0.95, broken: 0.05 }, primaryEffect: 'psnr' });
  });
});

describe('the report', () => {
  it('asks nothing of any other file or host', async () => {
    const { page } = await reported();
    const elsewhere = [...page.matchAll(/\b(?:src|href)="([^"]+)"/g)]
      .map(([, url]) => url!)
      .filter((url) => !url.startsWith('#') && !url.startsWith('figures/'));
    expect(elsewhere).toEqual([]);
    expect(page).not.toMatch(/@import|<link|<iframe|fetch\(/);
  });

  it('contains every cell', async () => {
    const { run, page } = await reported();
    const named = cellsOf(page).map((cells) => cells.slice(0, 3));
    const labels = run.cells.map(({ protection, attack, metric }) =>
      [protection, attack, metric].map(({ label }) => label),
    );
    expect(named.toSorted()).toEqual(labels.toSorted());
  });

  it('says which metric is the effect, and that a pixel metric is no proof of protection', async () => {
    const { page } = await reported();
    expect(textOf(page, 'effect')).toContain('The primary effect of this report is d = 1 − SSIM .');
    expect(textOf(page, 'effect')).toContain(
      'does not say whether a mimic that trains on the image is misled',
    );
  });

  it('says plainly that a protection has no effect to begin with', async () => {
    const { page } = await reported();
    expect(textOf(page, 'matrix')).toContain('No effect was shown: identity. Before any attack,');
  });

  it('holds all four arms and a difference map of every pair', async () => {
    const { run, page } = await reported();
    const index = dataOf(page, 'gallery-index');
    expect(index.protections).toEqual(['identity', 'noise(level=medium)', 'ripple(level=medium)']);
    for (const [i] of run.manifest.dataset.items.entries()) {
      const image = dataOf(page, `gallery-${i}`);
      const shots = [...image.protected, ...image.attackedClean.flat(), ...image.attackedProtected.flat()];
      expect(shots).toHaveLength(3 + 12 + 12);
      for (const { picture, difference } of shots) {
        for (const key of [picture, difference]) {
          const webp = Buffer.from(image.pictures[key], 'base64');
          expect(webp.subarray(8, 12).toString()).toBe('WEBP');
        }
      }
      expect(image.measures).toHaveLength(index.pairs.length);
    }
  });

  it('is the same bytes for the same run', async () => {
    const options = { protections: [noise, ripple], attacks: [identityAttack, jpeg(60)], metrics: [ssim] };
    const [a, b] = [await reported(options), await reported(options)];
    expect(a.page).toBe(b.page);
    const json = (run: RunFolder) => readFile(join(run.dir, 'findings.json'), 'utf8');
    expect(await json(a.run)).toBe(await json(b.run));
  });

  it('writes its figures three ways, and leaves no temporary or outdated file', async () => {
    const { run } = await reported({ metrics: [ssim] });
    const files = (await readdir(join(run.dir, 'figures'))).sort();
    const names = [
      'curve-jpeg-ssim',
      'forest-ssim',
      'matrix-ssim',
      'pareto-quality-ssim',
      'pareto-time-ssim',
    ];
    expect(files).toEqual(names.flatMap((name) => [`${name}.png`, `${name}.svg`, `${name}.vl.json`]));
    const fewer = run.cells.filter(({ attack }) => !attack.label.startsWith('jpeg'));
    await writeFile(join(run.dir, 'figures', 'swept-1-poisoned.svg'), 'of an earlier report');
    await writeFile(join(run.dir, 'verdicts.json'), 'of version 0.1');
    await writeReport({ ...run, cells: fewer }, { draws });
    expect((await readdir(join(run.dir, 'figures'))).filter((name) => /^(curve|swept)/.test(name))).toEqual(
      [],
    );
    expect(await readdir(run.dir)).toEqual([
      'figures',
      'findings.csv',
      'findings.json',
      'report.html',
      'store',
    ]);
  });
});

describe('text that comes from outside', () => {
  const evil = `</script><script>alert("x")</script><b a='1'>&amp;`;

  it('cannot break out of the page, whatever field it stands in', async () => {
    const { page } = await reported(
      {
        images: [evil, 'mill.png'],
        protections: [{ ...ripple, setting: settingOf('ripple', { name: evil }) }],
        attacks: [{ ...jpeg(50), setting: settingOf('jpeg', { note: evil }, { name: evil }) }],
        fails: ({ image, arm }) => (image === 'mill.png' && arm === 'protected' ? evil : undefined),
      },
      (run) => ({
        ...run,
        manifest: {
          ...run.manifest,
          name: evil,
          description: evil,
          experiment: { ...run.manifest.experiment, text: evil, file: evil },
          dataset: { ...run.manifest.dataset, name: evil, notes: [evil] },
        },
        images: run.images.map((record) => ({ ...record, title: evil, artist: evil })),
      }),
    );
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain("<b a='1'>");
    expect(page.match(/<script\b/g)).toHaveLength(1 + 1 + 2); // the program, the index, two images
    expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
  });
});

describe('a run that is not whole', () => {
  it('lists failed cells with their errors, and reports the rest', async () => {
    const { page } = await reported({
      fails: ({ attack, image }) =>
        attack === 'jpeg(quality=40)' && image === 'mill.png' ? 'the decoder gave up' : undefined,
    });
    expect(page).toContain('This matrix is not complete: 6 cells lack some images (24 cells in all).');
    expect(textOf(page, 'failures').match(/the decoder gave up/g)).toHaveLength(6);
    expect(cellsOf(page).map((cells) => cells.at(-3))).toContain('weakened');
  });

  it('is reported where nothing but errors came out', async () => {
    const { page, warnings } = await reported({ metrics: [ssim], fails: () => 'nothing works' });
    expect(page).toContain('This matrix is not complete: 12 cells failed (12 cells in all).');
    expect(textOf(page, 'failures')).toContain('nothing works');
    expect(textOf(page, 'brief')).toContain('No attack on it has been measured.');
    expect(warnings).toEqual([]);
  });

  it('is reported before any cell has been run', async () => {
    const { page } = await reported({ metrics: [ssim] }, (run) => ({
      ...run,
      rows: [],
      images: [],
      cells: run.cells.map((cell) => ({ ...cell, status: 'pending' as const })),
      manifest: { ...run.manifest, finished: null },
    }));
    expect(page).toContain('This matrix is not complete: 12 cells have not run yet (12 cells in all).');
    expect(textOf(page, 'gallery')).toContain('This run has no images to show.');
    expect(page).toContain('(not finished)');
  });

  it('is reported without a single cell', async () => {
    const { page } = await reported({}, (run) => ({ ...run, cells: [], rows: [], images: [] }));
    expect(textOf(page, 'brief')).toContain('This run has no cells.');
  });

  it('is reported where the artefact store has been cleared', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'craquelure-report-'));
    const run = await makeRun({ dir, ...small, metrics: [ssim], protections: [ripple], attacks: [jpeg(50)] });
    await rm(join(dir, 'store'), { recursive: true });
    const page = await readFile(await writeReport(run, { draws }), 'utf8');
    expect(textOf(page, 'gallery')).toContain('12 image files could not be read from the artefact store.');
  });
});

describe('a run with few or odd pictures', () => {
  it('is reported for one image, without intervals', async () => {
    const { page, warnings } = await reported({ images: ['alone.png'], metrics: [ssim] });
    expect(page).toContain('One image gives no interval.'); // in the reason of a verdict, which is a tooltip
    expect(warnings).toEqual([]);
  });

  it('warns that intervals from very few images are provisional', async () => {
    const { page } = await reported({ protections: [ripple], attacks: [jpeg(50)], metrics: [ssim] });
    expect(textOf(page, 'matrix')).toContain(
      'With n = 3, these intervals cover the true value in about 75 % of cases at best',
    );
  });

  it('is reported without a strength axis', async () => {
    const { page } = await reported({ attacks: [identityAttack], metrics: [ssim] });
    expect(page).not.toContain('href="#curves"');
  });

  it('shows no difference between pictures of different size', async () => {
    const halved = {
      setting: settingOf('halve'),
      apply: async ({ width, height, pixels }: { width: number; height: number; pixels: Uint8Array }) => {
        const small = sharp(pixels, { raw: { width, height, channels: 3 } }).resize(width / 2, height / 2);
        const { data, info } = await small.raw().toBuffer({ resolveWithObject: true });
        return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
      },
    };
    const { page } = await reported({
      attacks: [halved],
      protections: [noise],
      metrics: [ssim],
      fails: ({ arm }) => (arm.startsWith('attacked') ? 'size' : undefined),
    });
    const image = dataOf(page, 'gallery-0');
    expect(image.attackedClean[0][0].difference).toBeNull();
    expect(image.attackedProtected[0][0].difference).not.toBeNull(); // against attack(clean), of equal size
  });

  it('stays within the budget of the pictures, and says what it left out', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'craquelure-report-'));
    const run = await makeRun({
      dir,
      images: ['a', 'b', 'c', 'd', 'e', 'f'],
      pictures: (id) => paint(id, 300, 200),
      protections: [identityProtection, ripple],
      attacks: [jpeg(50), blur(1)],
      metrics: [ssim],
    });
    const page = await readFile(await writeReport(run, { draws, pictureBytes: 200_000 }), 'utf8');
    const shown = dataOf(page, 'gallery-index').images.length;
    expect(shown).toBeLessThan(6);
    expect(textOf(page, 'gallery')).toContain(
      `${shown} of 6 images are shown, spread evenly over the data set.`,
    );
    expect(textOf(page, 'gallery')).toContain(
      'Previews are at most 192 px on the longer side (originals: up to 300 px)',
    );
    const bytes = [...page.matchAll(/id="gallery-\d+">(.*?)<\/script>/gs)].reduce(
      (sum, [, data]) => sum + data!.length,
      0,
    );
    expect(bytes).toBeLessThan(220_000);
  });
});
