/**
 * @file Contact sheets: samples of the models that were trained on each arm of a run, one row a model, one column a prompt,
 * with what every metric says of each model. Baselines come first, because the rest is read against them: the model without
 * fine-tuning, and those of clean, attacked and noisy images.
 */
import type { CellRecord, RunFolder, MimicRun } from '../run/run-folder.ts';
import type { MetricSetting } from '../experiment/setting.ts';
import type { Row } from '../run/rows.ts';
import { wilsonInterval } from '../stats/rates.ts';
import type { Estimate } from '../stats/inference.ts';
import type { Answers } from '../analysis/answers.ts';
import { groupBy } from '../stats/group.ts';
import { printedNames, sweptParameters } from '../analysis/names.ts';
import { createPreviewer } from './preview.ts';
import { isBaseline, isPlacebo } from '../analysis/roles.ts';

/** One model's row. */
export interface SheetRow {
  /** What it was trained on, in words. */
  readonly name: string;
  readonly role: 'baseline' | 'protection';
  /** WebP in base64, one a prompt. */
  readonly pictures: readonly string[];
  /** The loss of every training step; empty if it was not trained. */
  readonly losses: readonly number[];
  /** By each metric of the sheet, over all its samples. */
  readonly measures: readonly { readonly mean: Estimate; readonly n: number }[];
}

/** The models that were trained on one artist's images. */
export interface Sheet {
  readonly artist: string;
  /** What tells this mimic from others of the run: `method=full`. */
  readonly swept: string;
  /** Metrics that judge these models; the first one names the mimic. */
  readonly metrics: readonly MetricSetting[];
  readonly prompts: readonly string[];
  readonly rows: readonly SheetRow[];
}

/** Longer side of a sheet's pictures, px. */
const SIDE = 128;

/** Most columns of a sheet. */
const COLUMNS = 8;

/** The name of a model that was not fine-tuned. */
export const UNTUNED = 'no fine-tuning';

/** The models of a run without duplicates: a protection or an attack that does nothing makes the model of another arm again. */
export function distinctModels({ generated, cells }: Pick<RunFolder, 'generated' | 'cells'>): MimicRun[] {
  const idle = new Set(
    cells.flatMap(({ protection, attack }) =>
      [protection, attack].filter(isBaseline).map(({ label }) => label),
    ),
  );
  const does = (label: string | null): boolean => label === null || !idle.has(label);
  return generated.filter(({ protection, attack }) => does(protection) && does(attack));
}

/** The sheets of a run under its first seed; each setting of a swept mimic has a sheet of its own. */
export async function makeSheets(run: RunFolder, { infer }: Pick<Answers, 'infer'>): Promise<Sheet[]> {
  const { cells } = run;
  const distinct = distinctModels(run);
  const shown = distinct.filter(({ seed }) => seed === distinct[0]!.seed);
  const sheets = groupBy(shown, ({ artist, prompts, metric }) => JSON.stringify([artist, prompts, metric]));
  const judging = new Map(cells.map(({ metric }) => [metric.label, metric]));
  const swept = sweptParameters([...judging.values()]);
  const made: Sheet[] = [];
  for (const own of sheets.values()) {
    const { artist, prompts, metric } = own[0]!;
    // The model without fine-tuning is sampled once for all settings of a sweep, and stands on the sheet of each.
    const asIs = shown.filter(
      (model) => model.arm === 'untuned' && model.artist === artist && model.metrics?.includes(metric),
    );
    const models = [...new Set([...asIs, ...own])];
    const metrics = metricsOf(cells, own[0]!);
    const rows: SheetRow[] = [];
    for (const { model, name, role } of ordered(models, cells)) {
      const measures = metrics.map((metric) => measureOf(run.rows, model, metric, infer));
      rows.push({ name, role, measures, losses: model.losses, pictures: await picturesOf(model) });
    }
    made.push({
      artist,
      swept: swept.get(metric) ?? '',
      metrics,
      prompts: prompts.slice(0, COLUMNS),
      rows,
    });
  }
  return made;
}

/** The metrics that judge a model's samples; the one that names the mimic first. */
function metricsOf(cells: readonly CellRecord[], { metric, metrics = [metric] }: MimicRun): MetricSetting[] {
  const known = new Map(cells.map((cell) => [cell.metric.label, cell.metric]));
  return metrics.flatMap((label) => known.get(label) ?? []);
}

/** Baselines first: no fine-tuning, clean, attack(clean), noise. */
function ordered(models: readonly MimicRun[], cells: readonly CellRecord[]) {
  const protections = new Map(cells.map(({ protection }) => [protection.label, protection]));
  const named = {
    protection: printedNames([...protections.values()]),
    attack: printedNames(cells.map(({ attack }) => attack)),
  };
  const rank = ({ arm, protection }: MimicRun): number => {
    const baseline = ['untuned', 'clean', 'attacked-clean'].indexOf(arm);
    if (baseline >= 0) return baseline;
    const setting = protections.get(protection ?? '');
    return setting !== undefined && isPlacebo(setting) ? 3 : 4;
  };
  return [...models]
    .sort((a, b) => rank(a) - rank(b))
    .map((model) => {
      const name = trainingSetOf({
        ...model,
        protection: named.protection.get(model.protection ?? '') ?? model.protection,
        attack: named.attack.get(model.attack ?? '') ?? model.attack,
      });
      return { model, name, role: rank(model) < 4 ? ('baseline' as const) : ('protection' as const) };
    });
}

/** The mean over the samples of one model: hits and misses with Wilson's interval, the rest with the one of the run. */
function measureOf(
  rows: readonly Row[],
  { arm, protection, attack, artist, seed }: MimicRun,
  metric: MetricSetting,
  infer: Answers['infer'],
): SheetRow['measures'][number] {
  const values = new Map<string, number>(); // cells share their clean arms
  for (const row of rows) {
    const own =
      row.metric === metric.label &&
      row.arm === arm &&
      row.seed === seed &&
      row.image.startsWith(`${artist}: `) &&
      (protection === null || row.protection === protection) &&
      (attack === null || row.attack === attack);
    if (own && row.value !== null) values.set(row.image, row.value);
  }
  const numbers = [...values.values()];
  if (numbers.length === 0) return { mean: { value: Number.NaN, interval: undefined }, n: 0 };
  const inference = infer([...values.keys()]);
  if (!metric.binary || inference.clustered) return { mean: inference.mean(numbers), n: numbers.length };
  const hits = numbers.reduce((sum, value) => sum + value, 0);
  return {
    mean: { value: hits / numbers.length, interval: wilsonInterval(hits, numbers.length) },
    n: numbers.length,
  };
}

async function picturesOf({ pictures, imagesPerPrompt, prompts }: MimicRun): Promise<string[]> {
  const shown: string[] = [];
  for (const [i] of prompts.slice(0, COLUMNS).entries())
    shown.push(await thumbnail(pictures[i * imagesPerPrompt]!.path, SIDE));
  return shown;
}

/** A picture as WebP in base64; empty if its file is gone. */
export async function thumbnail(path: string, side: number): Promise<string> {
  const previewer = await createPreviewer();
  const pixels = await previewer.load(path).catch(() => undefined);
  return pixels === undefined ? '' : Buffer.from(await previewer.picture(pixels, side)).toString('base64');
}

/** What a model was trained on: `clean`, `mist | jpeg`. */
export function trainingSetOf({
  arm,
  protection,
  attack,
}: Pick<MimicRun, 'arm' | 'protection' | 'attack'>): string {
  if (arm === 'untuned') return UNTUNED;
  const isClean = arm === 'clean' || arm === 'attacked-clean';
  const shield = isClean ? 'clean' : (protection ?? 'clean');
  // An attack that is trained on a protection treats the clean image as one of that protection.
  const wash = isClean && protection !== null ? `${attack} trained on ${protection}` : attack;
  return wash === null ? shield : `${shield} | ${wash}`;
}
