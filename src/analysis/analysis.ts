import { ARMS, type Arm, type Row } from '../run/rows.ts';
import type { CellRecord, RunFolder, Setting } from '../run/run-folder.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import {
  bootstrapInterval,
  DRAWS,
  type Interval,
  resample,
  type Resamples,
  type Statistic,
  weightedMean,
} from '../stats/bootstrap.ts';
import { minimumDetectable } from '../stats/paired.ts';
import { wilsonInterval } from '../stats/rates.ts';
import { type Estimate, finiteImages, type Residual, residual } from '../stats/residual.ts';
import { THRESHOLDS, type Thresholds, type Verdict, type VerdictWord, verdict } from '../stats/verdict.ts';
import { type Effect, effectsOf, metricsOf } from './effect.ts';
import { groupBy } from '../stats/group.ts';
import { printedNames } from './names.ts';
import { type Beside, besidePlacebos } from './placebo.ts';
import { jackknifed, setSizes, wholeUnits } from './sets.ts';
import { isPlacebo } from './summary.ts';
import { nests } from '../metrics/kinds/set.ts';

export interface AnalysisOptions {
  /** The metric that is the primary effect, by label or id; SSIM by default. */
  readonly effect?: string | undefined;
  readonly thresholds?: Thresholds | undefined;
  /** What the bootstrap draws: images (default), or artists with all their images. */
  readonly cluster?: 'image' | 'artist' | undefined;
  /** How intervals are read off the draws; BCa by default. */
  readonly interval?: 'bca' | 'percentile' | undefined;
  /** The protection that the others are compared with, by label or id; the placebo by default, else identity. */
  readonly baseline?: string | undefined;
  /** How p values of several comparisons are adjusted; Holm by default. */
  readonly adjust?: 'holm' | 'benjamini-hochberg' | undefined;
  readonly draws?: number | undefined;
  readonly seed?: number | undefined;
}

/** An arm's values of a metric, in the metric's own unit. */
export interface ArmMean {
  /** Over the finite values; infinite where all are. NaN without any. */
  readonly mean: Estimate;
  /** How many values are infinite, such as the PSNR of equal images; they are not in the mean. */
  readonly infinite: number;
  readonly n: number;
}

/** A verdict, or why there is none. */
export type Outcome = VerdictWord | 'failed' | 'pending';

/** One cell, or one pair of protection and attack over all its seeds. */
export interface Analysis {
  readonly protection: Setting;
  readonly attack: Setting;
  /** Printed names of the two (names.ts). */
  readonly names: { readonly protection: string; readonly attack: string };
  readonly effect: Effect;
  readonly cells: readonly CellRecord[];
  readonly arms: Readonly<Record<Arm, ArmMean>>;
  /** Each image's value in each arm (order of ARMS), in the metric's unit, averaged over seeds; NaN where missing. */
  readonly values: ReadonlyMap<string, ArmValues>;
  /** Ids of the images that the residual rests on, in the order of `residual.perImage`; of a set metric its parts (sets.ts). */
  readonly images: readonly string[];
  /** Images left out of the residual: an arm without a value, or with an infinite effect. */
  readonly excluded: number;
  readonly residual: Residual;
  readonly verdict: Verdict;
  readonly outcome: Outcome;
  readonly errors: number;
  /** The smallest effect that these images would have shown (5 %, power 80 %), by their own spread; NaN below two. */
  readonly detectable: number;
  /** Beside noise of the protection's size, where the run has it. */
  readonly beside?: Beside;
  /** Set metrics: d of random halves of the clean set, which is what chance alone gives. */
  readonly floor?: number;
}

/** Everything that the report prints, computed. */
export interface Answers {
  /** Primary first. */
  readonly effects: readonly Effect[];
  readonly cells: readonly Analysis[];
  /** Seeds pooled; the same objects as `cells` where there is one seed. */
  readonly pairs: readonly Analysis[];
  readonly thresholds: Thresholds;
  readonly bootstrap: {
    readonly method: 'bca' | 'percentile';
    readonly draws: number;
    readonly seed: number;
    readonly cluster: 'image' | 'artist';
  };
  /** What the options say of comparisons between protections. */
  readonly comparisons: Pick<AnalysisOptions, 'baseline' | 'adjust'>;
  /** The draws that all of it shares. */
  readonly draw: Resampler;
}

/** One image's value in each arm (order of ARMS); NaN where it was not measured. */
type ArmValues = Float64Array;

/** What the experiment file says of verdicts, where `options` do not say otherwise. */
export function analysisOptions(
  { verdict }: Pick<RunFolder['manifest'], 'verdict'>,
  options: AnalysisOptions = {},
): AnalysisOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return verdict === undefined ? given : { ...verdict, thresholds: verdict, ...given };
}

/** Analyses every cell of a run. @throws USAGE where `options.effect` is not a metric of the run */
export function analyse(run: RunFolder, options: AnalysisOptions = {}): Answers {
  const { thresholds = THRESHOLDS, cluster = 'image', draws = DRAWS, seed = 0 } = options;
  const { interval: method = 'bca', baseline, adjust } = options;
  const effects = effectsOf(metricsOf(run.cells), options.effect);
  const values = valuesByCell(run.rows);
  const protections = printedNames(run.cells.map(({ protection }) => protection));
  const attacks = printedNames(run.cells.map(({ attack }) => attack));
  const draw = resampler(run, { cluster, draws, seed });

  const meanOfArm = remembered(draw, { method, cluster });
  const reading: Reading = {
    draw,
    method,
    meanOfArm,
    floors: floorByCell(run.rows),
    sizes: setSizes(run.rows),
    leftOut: cluster === 'artist' && nests(run.manifest.dataset.items) ? 'artist' : 'image',
  };

  const analyseCells = (cells: readonly CellRecord[]): Measured => {
    const effect = effects.find(({ metric }) => metric.label === cells[0]!.metric.label)!;
    const seeds = cells.map(({ id }) => values.get(id) ?? new Map<string, ArmValues>());
    const { protection, attack } = cells[0]!;
    const names = { protection: protections.get(protection.label)!, attack: attacks.get(attack.label)! };
    return {
      protection,
      attack,
      names,
      cells,
      effect,
      ...analyseOne(cells, effect, seeds, reading),
    };
  };
  const interval = (ids: readonly string[], statistic: Statistic): Interval | undefined =>
    bootstrapInterval(statistic, draw(ids), { method });
  const judged = (measured: readonly Measured[]): Analysis[] => {
    const beside = besidePlacebos(measured, run.images, interval);
    return measured.map((each, i) => judge(each, beside[i], thresholds));
  };
  const cells = judged(run.cells.map((cell) => analyseCells([cell])));
  const bySettings = groupBy(cells, ({ protection, attack, effect }) =>
    JSON.stringify([protection.label, attack.label, effect.metric.label]),
  );
  const groups = [...bySettings.values()];
  const pooled = judged(
    groups
      .filter(({ length }) => length > 1)
      .map((group) => analyseCells(group.flatMap((each) => each.cells))),
  );
  const pairs = groups.map((group) => (group.length === 1 ? group[0]! : pooled.shift()!));
  return {
    effects,
    cells,
    pairs,
    thresholds,
    bootstrap: { method, draws, seed, cluster },
    comparisons: { baseline, adjust },
    draw,
  };
}

/** An analysis before it is judged. */
type Measured = Omit<Analysis, 'beside' | 'verdict' | 'outcome'> & {
  /** How many images the values are over. */
  readonly count: number;
};

/** Rows by cell and image. Where a row was measured again, the last one counts. */
function valuesByCell(rows: readonly Row[]): Map<string, Map<string, ArmValues>> {
  const cells = new Map<string, Map<string, ArmValues>>();
  for (const row of rows) {
    if (row.arm === 'floor' || row.arm === 'untuned') continue;
    const images = cells.get(row.cell) ?? new Map<string, ArmValues>();
    cells.set(row.cell, images);
    const arms = images.get(row.image) ?? new Float64Array(ARMS.length).fill(Number.NaN);
    images.set(row.image, arms);
    arms[ARMS.indexOf(row.arm)] = row.status === 'ok' && row.value !== null ? row.value : Number.NaN;
  }
  return cells;
}

/** The mean over seeds of `map(value)`, for each image and arm; in order of ids, whatever order the rows came in. */
function pool(
  seeds: readonly ReadonlyMap<string, ArmValues>[],
  map: (value: number) => number,
): Map<string, ArmValues> {
  const images = new Map<string, ArmValues>();
  for (const id of seeds.flatMap((seed) => [...seed.keys()]).sort()) {
    const measured = seeds.flatMap((seed) => seed.get(id) ?? []);
    images.set(
      id,
      Float64Array.from(ARMS, (_, arm) => average(measured.map((values) => map(values[arm]!)))),
    );
  }
  return images;
}

/** The draws for these images. */
export type Resampler = (images: readonly string[]) => Resamples;

/** Draws made once for each set of images, so that all cells over the same images share them. */
function resampler(
  { manifest }: RunFolder,
  { cluster, draws, seed }: { cluster: 'image' | 'artist'; draws: number; seed: number },
): Resampler {
  const artists = new Map(manifest.dataset.items.map(({ id, artist }) => [id, artist]));
  const made = new Map<string, Resamples>();
  return (ids) => {
    const clusters = cluster === 'artist' ? ids.map((id) => artists.get(id) ?? id) : undefined;
    const key = clusters === undefined ? String(ids.length) : JSON.stringify(clusters);
    const known = made.get(key);
    if (known !== undefined) return known;
    const random = seededRandom(deriveSeed(`bootstrap/${seed}/${key}`));
    const resamples = resample(ids.length, random, { draws, clusters });
    made.set(key, resamples);
    return resamples;
  };
}

function analyseOne(
  cells: readonly CellRecord[],
  effect: Effect,
  seeds: readonly ReadonlyMap<string, ArmValues>[],
  { draw, method, meanOfArm, floors, sizes, leftOut }: Reading,
): Omit<Measured, 'protection' | 'attack' | 'names' | 'effect' | 'cells'> {
  const values = pool(seeds, (value) => value);
  const units = jackknifed(pool(seeds, effect.of), leftOut);
  const effects = [...units.values()];
  const shown = jackknifed(values, leftOut);
  const d = (arm: Arm): number[] => effects.map((arms) => arms[ARMS.indexOf(arm)]!);
  const all = {
    clean: d('clean'),
    protected: d('protected'),
    attackedClean: d('attacked-clean'),
    attackedProtected: d('attacked-protected'),
  };
  const kept = finiteImages(all);
  const keep = <T>(items: readonly T[]): T[] => kept.map((i) => items[i]!);
  const ids = [...units.keys()];
  const images = keep(ids);
  const found = residual(
    {
      clean: keep(all.clean),
      protected: keep(all.protected),
      attackedClean: keep(all.attackedClean),
      attackedProtected: keep(all.attackedProtected),
    },
    draw(images),
    { method },
  );
  const measured = cells.flatMap(({ id }) => floors.get(id) ?? []);
  const floor = measured.length === 0 ? undefined : effect.of(average(measured)) - average(all.clean);
  return {
    arms: Object.fromEntries(
      ARMS.map((arm) => [arm, meanOfArm(shown, arm, effect.metric.binary === true)]),
    ) as Record<Arm, ArmMean>,
    values: wholeUnits(values),
    images,
    count: images.length > 1 ? (sizes.get(cells[0]!.id) ?? images.length) : images.length,
    excluded: ids.length - kept.length,
    residual: found,
    errors: cells.reduce((sum, cell) => sum + cell.errors, 0),
    detectable: minimumDetectable(found.effectPerImage),
    ...(floor !== undefined && { floor }),
  };
}

/** What reading a cell takes beside its values. */
interface Reading {
  readonly draw: Resampler;
  readonly method: 'bca' | 'percentile';
  readonly meanOfArm: MeanOfArm;
  readonly floors: ReadonlyMap<string, readonly number[]>;
  /** Sizes of the sets that set metrics are over, by cell. */
  readonly sizes: ReadonlyMap<string, number>;
  /** What a set metric's jackknife leaves out at a time. */
  readonly leftOut: 'image' | 'artist';
}

/** The noise floors of set metrics, in the metric's unit; one for each unit of a cell. */
function floorByCell(rows: readonly Row[]): Map<string, number[]> {
  const floors = new Map<string, number[]>();
  for (const { cell, arm, value } of rows) {
    if (arm === 'floor' && value !== null) floors.set(cell, [...(floors.get(cell) ?? []), value]);
  }
  return floors;
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The verdict, and what the cell is then called. */
function judge(
  { count, ...measured }: Measured,
  beside: Beside | undefined,
  thresholds: Thresholds,
): Analysis {
  const read = readVerdict({ count, ...measured }, beside, thresholds);
  const outcome = outcomeOf(measured.cells, measured.residual.n, read);
  return { ...measured, ...(beside && { beside }), verdict: read, outcome };
}

/**
 * Noise is measured against itself: no effect, but that it can be detected. How far pixels are moved, and whether it shows,
 * is no claim of a protection that noise could make as well; everything else is.
 */
function readVerdict(
  { protection, effect, residual: found, count, floor }: Measured,
  beside: Beside | undefined,
  thresholds: Thresholds,
): Verdict {
  const { measures, kind } = effect.metric;
  if (isPlacebo(protection) && measures !== 'detectability' && found.n > 0) {
    return {
      word: 'no effect',
      reason: 'Random noise is the placebo: it is no effect of a protection.',
      open: [],
    };
  }
  const asked = measures === 'fidelity' || measures === 'detectability' ? undefined : beside?.excess;
  const read = verdict({ ...found, n: count }, thresholds, asked);
  if (kind !== 'set' || found.n !== 1) return read;
  // One value for a whole set has no interval, but it has a noise floor, below which there is nothing to remove.
  if (floor !== undefined && found.effect.value <= floor) {
    return { word: 'no effect', reason: 'The effect before any attack is within the noise floor.', open: [] };
  }
  return {
    ...read,
    reason: 'Too few images, or artists, to leave some out: one value for all of them, and no interval.',
  };
}

function outcomeOf(cells: readonly CellRecord[], n: number, { word }: Verdict): Outcome {
  if (n > 0) return word;
  if (cells.some(({ status }) => status === 'pending')) return 'pending';
  return cells.some(({ errors }) => errors > 0) ? 'failed' : word;
}

type MeanOfArm = (values: ReadonlyMap<string, ArmValues>, arm: Arm, isRate: boolean) => ArmMean;

/** The clean arm is the same in all cells, a protected one in all attacks: each is averaged once. */
function remembered(draw: Resampler, bootstrap: Pick<Answers['bootstrap'], 'method' | 'cluster'>): MeanOfArm {
  const known = new Map<string, ArmMean>();
  return (values, arm, isRate) => {
    const measured = [...values]
      .map(([id, arms]) => ({ id, value: arms[ARMS.indexOf(arm)]! }))
      .filter(({ value }) => !Number.isNaN(value));
    const key = [isRate, ...measured.map(({ id, value }) => `${id}=${value}`)].join('\n');
    const mean = known.get(key) ?? armMean(measured, draw, bootstrap, isRate);
    known.set(key, mean);
    return mean;
  };
}

function armMean(
  measured: readonly { readonly id: string; readonly value: number }[],
  draw: Resampler,
  { method, cluster }: Pick<Answers['bootstrap'], 'method' | 'cluster'>,
  isRate: boolean,
): ArmMean {
  const finite = measured.filter(({ value }) => Number.isFinite(value));
  const numbers = finite.map(({ value }) => value);
  const interval = (): Interval | undefined => {
    // Of a rate, a bootstrap has no width where every image agrees; Wilson's interval has.
    if (cluster === 'image' && isRate && numbers.length > 1)
      return wilsonInterval(average(numbers) * numbers.length, numbers.length);
    const drawn = draw(finite.map(({ id }) => id));
    return bootstrapInterval((weights) => weightedMean(numbers, weights), drawn, { method });
  };
  return {
    mean:
      numbers.length === 0
        ? { value: measured[0]?.value ?? Number.NaN, interval: undefined }
        : { value: average(numbers), interval: interval() },
    infinite: measured.length - numbers.length,
    n: measured.length,
  };
}
