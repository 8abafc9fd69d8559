import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answers } from '../../src/analysis/answers.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { compareRuns } from '../../src/analysis/compare.ts';
import { findingsOf } from '../../src/analysis/findings/findings.ts';
import { lossCurves } from '../../src/report/charts/loss-curves.ts';
import { pairedResiduals } from '../../src/report/charts/paired-residuals.ts';
import { sweptCurves } from '../../src/report/charts/swept-curve.ts';
import { CONFIG } from '../../src/report/charts/theme.ts';
import { type Chart, chartsOf } from '../../src/report/figures.ts';
import type { Sheet, SheetRow } from '../../src/report/sheets.ts';
import type { RunFolder } from '../../src/run/run-folder.ts';
import {
  type FixtureAttack,
  identityAttack,
  makeRun,
  noise,
  ripple,
  settingOf,
  ssim,
} from '../report-fixture.ts';

/** An attack whose pixels do not depend on the version of an image library. */
const quantise = (step: number): FixtureAttack => ({
  setting: settingOf(
    'quantise',
    { step },
    { name: 'Quantisation', strength: { parameter: 'step', harsher: 'higher' } },
  ),
  apply: async (picture) => ({
    ...picture,
    pixels: picture.pixels.map((value) => Math.min(255, step * Math.round(value / step))),
  }),
});

/** A spec without the look that all share, and without digits that depend on the machine. */
const shown = (spec: TopLevelSpec | undefined): unknown => {
  const { config, ...rest } = spec!;
  expect(config).toBe(CONFIG);
  return JSON.parse(
    JSON.stringify(rest, (_, value: unknown) =>
      typeof value === 'number' ? Number(value.toPrecision(6)) : value,
    ),
  );
};

describe('the Vega-Lite spec of a fixed run is what it was:', () => {
  let run: RunFolder;
  let answers: Answers;
  let charts: Chart[];
  beforeAll(async () => {
    run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-specs-')),
      images: ['meadow.png', 'harbour.png', 'mill.png'],
      size: 32,
      protections: [noise, ripple],
      attacks: [identityAttack, quantise(8), quantise(32)],
      metrics: [ssim],
    });
    answers = analyse(run, { draws: 200 });
    charts = chartsOf(answers, findingsOf(run, answers));
  });

  it.each(['matrix-ssim', 'forest-ssim', 'curve-quantise-ssim', 'pareto-time-ssim', 'pareto-quality-ssim'])(
    '%s',
    (name) => {
      expect(shown(charts.find((chart) => chart.name === name)?.spec)).toMatchSnapshot();
    },
  );

  it('two runs on one axis', () => {
    const weaker = run.rows.map((row) =>
      row.protection.startsWith('ripple') &&
      row.attack === 'quantise(step=8)' &&
      row.arm === 'attacked-protected'
        ? { ...row, value: 1 }
        : row,
    );
    const { pairs } = compareRuns(run, { ...run, rows: weaker }, { draws: 200 });
    expect(shown(pairedResiduals(pairs, answers.thresholds))).toMatchSnapshot();
  });

  const rowOf = (name: string, losses: readonly number[], value: number): SheetRow => ({
    name,
    role: name === 'mist' ? 'protection' : 'baseline',
    pictures: [],
    losses,
    measures: [{ mean: { value, interval: { lo: value / 2, hi: (1 + value) / 2 } }, n: 8 }],
  });
  const sheetOf = (poisoned: number): Sheet => ({
    artist: '*',
    metrics: [
      {
        ...settingOf('concept-poison', { poisoned, steps: 60 }, { name: 'Concept poison' }),
        kind: 'generated',
        unit: '',
        higherIsBetter: false,
        effect: 'value',
        measures: 'mimicry',
        protocol: 'concept-poison@1',
        binary: true,
      },
    ],
    prompts: ['a boat'],
    swept: `poisoned=${poisoned}`,
    rows: [rowOf('clean', [4, 3, 2], 0.1), rowOf('mist', [4, 3.5, 3], poisoned / 10)],
  });

  it('losses of models over training', () => {
    expect(shown(lossCurves(sheetOf(1)))).toMatchSnapshot();
  });

  it('a metric over a number that is swept', () => {
    const [curve] = sweptCurves([sheetOf(1), sheetOf(3)]);
    expect(shown(curve?.spec)).toMatchSnapshot();
  });
});
