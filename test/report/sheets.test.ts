import { describe, expect, it } from 'vitest';
import type { CellRecord, RunFolder, MimicRun } from '../../src/run/run-folder.ts';
import type { MetricSetting } from '../../src/experiment/setting.ts';
import type { RowArm } from '../../src/metrics/arms.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { lossCurves } from '../../src/report/charts/loss-curves.ts';
import { trainingSetOf, makeSheets } from '../../src/report/sheets.ts';
import { wilsonInterval } from '../../src/stats/rates.ts';
import { rowOf, settingOf } from '../report-fixture.ts';

const prompts = ['a boat', 'a tree'];
const metricOf = (id: string, params: Record<string, unknown>, binary = false): MetricSetting => ({
  ...settingOf(id, params),
  kind: 'generated',
  unit: '',
  higherIsBetter: true,
  effect: 'complement',
  measures: 'mimicry',
  protocol: id,
  ...(binary && { binary }),
});
const success = metricOf('lora-mimicry', { steps: 10 }, true);
const similarity = metricOf('lora-mimicry-similarity', { steps: 10 });
const longer = metricOf('lora-mimicry', { steps: 20 }, true);

const modelOf = (
  arm: RowArm,
  protection: string | null,
  attack: string | null,
  losses = [3, 2, 1],
): MimicRun => ({
  metric: success.label,
  metrics: [success.label, similarity.label],
  artist: 'X',
  arm,
  protection,
  attack,
  seed: 0,
  prompts,
  imagesPerPrompt: 2,
  pictures: [0, 1, 2, 3].map((i) => ({ sha256: String(i), path: '/nowhere.png' })),
  losses,
  weights: null,
});

const protections = [settingOf('mist'), settingOf('noise', { level: 'heavy' }, { role: 'placebo' })];
const attack = settingOf('jpeg');
const cells: CellRecord[] = protections.flatMap((protection) =>
  [success, similarity, longer].map((metric) => ({
    id: `${protection.label} ${metric.label}`,
    protection,
    attack,
    metric,
    seed: 0,
    status: 'ok' as const,
    errors: 0,
  })),
);
const arms: RowArm[] = ['clean', 'protected', 'attacked-clean', 'attacked-protected', 'untuned'];
const rows = cells.flatMap((cell) =>
  arms.flatMap((arm) =>
    prompts.flatMap((prompt) =>
      [1, 2].map((repeat) => {
        const isMist = cell.protection.label === 'mist' && arm === 'protected';
        const hit = arm === 'untuned' ? 0 : isMist && repeat === 1 ? 0 : 1;
        return rowOf(cell, {
          arm,
          image: `X: ${prompt} #${repeat}`,
          value: cell.metric === similarity ? 0.5 : hit,
        });
      }),
    ),
  ),
);
const run = {
  dir: '',
  manifest: { dataset: { items: [] } },
  cells,
  rows,
  images: [],
  generated: [
    modelOf('protected', 'mist', null),
    modelOf('clean', null, null, [2, 1, 0]),
    modelOf('attacked-clean', null, 'jpeg'),
    modelOf('protected', protections[1]!.label, null),
    modelOf('untuned', null, null, []),
  ],
} as unknown as RunFolder;

describe('a contact sheet', () => {
  it('begins with the baselines: no fine-tuning, clean, attack(clean), noise', async () => {
    const [sheet] = await makeSheets(run, analyse(run, { draws: 200 }));
    expect(sheet!.rows.map(({ name }) => name)).toEqual([
      'no fine-tuning',
      'clean',
      'clean | jpeg',
      'noise(level=heavy)',
      'mist',
    ]);
    expect(sheet!.rows.map(({ role }) => role)).toEqual([...Array(4).fill('baseline'), 'protection']);
  });

  it('shows the model without fine-tuning on the sheet of every setting that asks for it', async () => {
    const untuned = { ...modelOf('untuned', null, null, []), metrics: [success.label, longer.label] };
    const generated = [
      untuned,
      modelOf('clean', null, null),
      { ...modelOf('clean', null, null), metric: longer.label, metrics: [longer.label] },
    ];
    const sheets = await makeSheets({ ...run, generated }, analyse(run, { draws: 200 }));
    expect(
      sheets.map(({ rows }) => rows.map(({ name, measures }) => [name, measures[0]!.mean.value])),
    ).toEqual(
      Array(2).fill([
        ['no fine-tuning', 0],
        ['clean', 1],
      ]),
    );
  });

  it('has no row for what a protection or an attack that does nothing leaves as it is', async () => {
    const idle = settingOf('identity', {}, { role: 'baseline' });
    const generated = [
      ...run.generated,
      modelOf('protected', 'identity', null),
      modelOf('attacked-clean', null, 'identity'),
      modelOf('attacked-protected', 'mist', 'identity'),
    ];
    const more = [...cells, { ...cells[0]!, protection: idle, attack: idle }, { ...cells[0]!, attack: idle }];
    const [sheet] = await makeSheets({ ...run, generated, cells: more }, analyse(run, { draws: 200 }));
    expect(sheet!.rows.map(({ name }) => name).filter((name) => name.includes('identity'))).toEqual([]);
    expect(sheet!.rows).toHaveLength(5);
  });

  it('says of each model what the metrics of its mimic say, shares with Wilson’s interval', async () => {
    const [sheet] = await makeSheets(run, analyse(run, { draws: 200 }));
    expect(sheet!.metrics.map(({ label }) => label)).toEqual([success.label, similarity.label]); // not of 20 steps
    const [untuned, clean] = sheet!.rows;
    const mist = sheet!.rows.at(-1)!;
    expect(untuned!.measures[0]).toEqual({ mean: { value: 0, interval: wilsonInterval(0, 4) }, n: 4 });
    expect(clean!.measures[0]!.mean.value).toBe(1);
    expect(mist.measures[0]).toEqual({ mean: { value: 0.5, interval: wilsonInterval(2, 4) }, n: 4 });
    expect(mist.measures[1]!.mean.value).toBe(0.5);
  });

  it('tells attack(clean) of one protection from that of another, if the attack was trained', () => {
    const trained = { arm: 'attacked-clean' as const, attack: 'learned-remover' };
    expect(trainingSetOf({ ...trained, protection: 'mist' })).toBe('clean | learned-remover trained on mist');
    expect(trainingSetOf({ arm: 'attacked-clean', attack: 'jpeg', protection: null })).toBe('clean | jpeg');
  });

  it('has the losses of every model that was trained, and how far they are from that of clean pictures', async () => {
    const [sheet] = await makeSheets(run, analyse(run, { draws: 200 }));
    const text = JSON.stringify(lossCurves(sheet!));
    expect(text).not.toContain('no fine-tuning');
    expect(text.match(/"trainedOn":"mist","step":3,"loss":1\}/g)).toHaveLength(2); // 1, and 1 more than 0
    expect(lossCurves({ rows: sheet!.rows.filter(({ losses }) => losses.length === 0) })).toBeUndefined();
  });
});
