import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Papa from 'papaparse';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunFolder } from '../../src/run/run-folder.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { findingsOf } from '../../src/analysis/findings/findings.ts';
import {
  findingsCsv,
  findingsDocument,
  hasFindings,
  readFindings,
} from '../../src/analysis/findings/findings-file.ts';
import { writeReport } from '../../src/report/report.ts';
import {
  blur,
  identityAttack,
  identityProtection,
  jpeg,
  makeRun,
  noise,
  ripple,
  ssim,
} from '../report-fixture.ts';

const draws = 500;
const images = Array.from({ length: 8 }, (_, i) => `${i}.png`);

describe('what a run found', () => {
  let run: RunFolder;
  let document: ReturnType<typeof findingsDocument>;
  let rows: Record<string, string>[];

  beforeAll(async () => {
    run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-brief-')),
      images,
      size: 32,
      protections: [identityProtection, noise, ripple],
      attacks: [identityAttack, jpeg(40), blur(1.5)],
      metrics: [ssim],
    });
    const answers = analyse(run, { draws });
    const findings = findingsOf(run, answers);
    document = findingsDocument(run.manifest.run, answers, findings);
    rows = Papa.parse<Record<string, string>>(findingsCsv(answers, findings), {
      header: true,
      skipEmptyLines: true,
    }).data;
  });

  const of = (protection: string) => document.protections.find((each) => each.protection === protection)!;

  it('is the same sentence in the page and in the file', async () => {
    await writeReport(run, { draws, pictureBytes: 1e5 });
    const page = await readFile(join(run.dir, 'report.html'), 'utf8');
    const { protections } = await readFindings(run.dir);
    expect(protections).toHaveLength(3);
    for (const { sentence } of protections) expect(page).toContain(sentence);
    expect(protections.map(({ role }) => role)).toEqual(['baseline', 'placebo', 'protection']);
  });

  it('names the worst attack, the cheapest that breaks, and what noise of the same budget did', () => {
    const found = of(ripple.setting.label);
    const own = document.pairs.filter(({ protection }) => protection === ripple.setting.label);
    const worst = own.filter(({ worstAttack }) => worstAttack);
    expect(worst.map(({ attack }) => attack)).toEqual([found.worstAttack!.attack]);
    const upper = own
      .filter(({ attack }) => attack !== 'identity')
      .map(({ residual }) => Number(residual.interval![1]));
    expect(worst[0]!.residual.interval![1]).toBe(Math.min(...upper));
    expect(found.placebo!.attacks).toBe(2);
    expect(found.placebo!.betterThanPlacebo).toEqual(
      own.filter(({ betterThanPlacebo }) => betterThanPlacebo).map(({ attack }) => attack),
    );
    expect(of(noise.setting.label).placebo).toBeNull();
    const broken = own.filter(({ verdict, attack }) => verdict === 'broken' && attack !== 'identity');
    expect(found.attacks.broken ?? []).toEqual(broken.map(({ attack }) => attack));
    expect(found.cheapestBreak?.attack).toBe(own.find(({ cheapestBreak }) => cheapestBreak)?.attack);
  });

  it('gives no residual where there is no effect to begin with', () => {
    for (const row of rows.filter(({ protection }) => protection === 'identity')) {
      expect(row).toMatchObject({ verdict: 'no effect', residual: '', residualLo: '', residualHi: '' });
    }
    expect(of('identity').sentence).toMatch(/^No effect: /);
  });

  it('is read only as this version writes it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'craquelure-findings-file-'));
    const write = (content: object) => writeFile(join(dir, 'findings.json'), JSON.stringify(content));
    expect(await hasFindings(dir)).toBe(false);
    await write({ ...document, schemaVersion: 1 });
    expect(await hasFindings(dir)).toBe(false);
    await write(document);
    expect(await hasFindings(dir)).toBe(true);
  });

  it('is a table of as many lines as there are pairs, with the numbers of the document', () => {
    expect(rows).toHaveLength(9);
    expect(rows.map(({ residual }) => residual)).toEqual(
      document.pairs.map(({ residual }) => (residual.value === null ? '' : String(residual.value))),
    );
  });

  it('is documented field by field', async () => {
    const docs = await readFile('docs/reference/results.md', 'utf8');
    const fields = [document, document.protections[2]!, document.pairs[0]!, document.interval].flatMap(
      Object.keys,
    );
    for (const field of fields) expect(docs).toContain(`\`${field}\``);
  });
});
