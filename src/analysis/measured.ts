/** @file One cell, or one pair over its seeds, from values to a residual: everything before the verdict. */
import { ARMS, type Arm } from '../metrics/arms.ts';
import type { CellRecord, RunFolder } from '../run/run-folder.ts';
import { nests } from '../metrics/kinds/set.ts';
import { mean } from '../stats/mean.ts';
import { kindOf } from '../metrics/kinds/index.ts';
import { finiteImages, residual } from '../stats/residual.ts';
import type { Answers, ArmMean, ArmValues, Effect, InferenceFor, Measured } from './answers.ts';
import { armMeans, type MeanOfArm } from './arm-means.ts';
import { printedNames } from './names.ts';
import { jackknifed, setSizes, wholeUnits } from './sets.ts';
import { fromOneTraining } from './replication.ts';
import { tellsGain } from './roles.ts';
import {
  acrossSeeds,
  floorsByCell,
  type ImageValues,
  meanOverSeeds,
  untunedByCell,
  valuesByCell,
} from './values.ts';

/** What the cells of a run have in common. */
interface Shared {
  readonly effects: readonly Effect[];
  readonly infer: InferenceFor;
  readonly values: ReadonlyMap<string, ImageValues>;
  readonly meanOfArm: MeanOfArm;
  readonly floors: ReadonlyMap<string, readonly number[]>;
  /** Values of the base model, by cell. */
  readonly untuned: ReadonlyMap<string, readonly number[]>;
  /** Whether units are samples of one training an artist. */
  readonly oneTraining: (units: readonly string[]) => boolean;
  readonly smallestEffect: number | undefined;
  /** Sizes of the sets that set metrics are over, by cell. */
  readonly sizes: ReadonlyMap<string, number>;
  /** What the jackknife of a set metric leaves out at a time. */
  readonly leftOut: 'image' | 'artist';
  readonly protections: ReadonlyMap<string, string>;
  readonly attacks: ReadonlyMap<string, string>;
}

/** A function that measures one cell, or the cells of one pair over all seeds. */
export function measurer(
  run: RunFolder,
  effects: readonly Effect[],
  infer: InferenceFor,
  {
    cluster,
    smallestEffect,
  }: Pick<Answers['inference'], 'cluster'> & { readonly smallestEffect: number | undefined },
): (cells: readonly CellRecord[]) => Measured {
  const shared: Shared = {
    effects,
    infer,
    values: valuesByCell(run.rows),
    meanOfArm: armMeans(infer),
    floors: floorsByCell(run.rows),
    untuned: untunedByCell(run.rows),
    oneTraining: (units) => fromOneTraining(run, units),
    smallestEffect,
    sizes: setSizes(run.rows),
    leftOut: cluster === 'artist' && nests(run.manifest.dataset.items) ? 'artist' : 'image',
    protections: printedNames(run.cells.map(({ protection }) => protection)),
    attacks: printedNames(run.cells.map(({ attack }) => attack)),
  };
  return (cells) => measure(cells, shared);
}

function measure(cells: readonly CellRecord[], shared: Shared): Measured {
  const { protection, attack, metric } = cells[0]!;
  const effect = shared.effects.find((each) => each.metric.label === metric.label)!;
  const seeds = cells.map(({ id }) => shared.values.get(id) ?? new Map<string, ArmValues>());
  const values = meanOverSeeds(seeds, (value) => value);
  // Each seed is a training of its own; other seeds only repeat the draws of one image.
  const trainings = kindOf(metric).inputs === 'mimic' && cells.length > 1;
  const pooled = (map: (value: number) => number): Map<string, ArmValues> =>
    trainings
      ? acrossSeeds(
          cells.map(({ seed }, i) => [seed, seeds[i]!]),
          map,
        )
      : meanOverSeeds(seeds, map);
  const units = jackknifed(pooled(effect.of), shared.leftOut);
  const found = residualOf(units, shared);
  const { images } = found;
  return {
    protection,
    attack,
    names: {
      protection: shared.protections.get(protection.label)!,
      attack: shared.attacks.get(attack.label)!,
    },
    cells,
    effect,
    arms: meansOf(
      jackknifed(
        pooled((value) => value),
        shared.leftOut,
      ),
      effect,
      shared,
    ),
    values: wholeUnits(values),
    ...found,
    count: images.length > 1 ? (shared.sizes.get(cells[0]!.id) ?? images.length) : images.length,
    errors: cells.reduce((sum, cell) => sum + cell.errors, 0),
    detectable: shared.infer(images).detectable(found.residual.effectPerImage),
    ...floorOf(cells, effect, units, shared),
    ...rangeOf(cells, effect, units, shared),
    ...(shared.oneTraining(images) && { oneTraining: true as const }),
  };
}

/** The residual over the units that have a finite effect in all four arms. */
function residualOf(
  units: ReadonlyMap<string, ArmValues>,
  { infer }: Shared,
): Pick<Measured, 'images' | 'excluded' | 'residual'> {
  const all = {
    clean: ofArm(units, 'clean'),
    protected: ofArm(units, 'protected'),
    attackedClean: ofArm(units, 'attacked-clean'),
    attackedProtected: ofArm(units, 'attacked-protected'),
  };
  const kept = finiteImages(all);
  const keep = <T>(items: readonly T[]): T[] => kept.map((i) => items[i]!);
  const images = keep([...units.keys()]);
  return {
    images,
    excluded: units.size - kept.length,
    residual: residual(
      {
        clean: keep(all.clean),
        protected: keep(all.protected),
        attackedClean: keep(all.attackedClean),
        attackedProtected: keep(all.attackedProtected),
      },
      infer(images),
    ),
  };
}

const ofArm = (units: ReadonlyMap<string, ArmValues>, arm: Arm): number[] =>
  [...units.values()].map((arms) => arms[ARMS.indexOf(arm)]!);

const meansOf = (
  shown: ReadonlyMap<string, ArmValues>,
  { metric }: Effect,
  { meanOfArm }: Shared,
): Measured['arms'] =>
  Object.fromEntries(ARMS.map((arm) => [arm, meanOfArm(shown, arm, metric.binary === true)])) as Record<
    Arm,
    ArmMean
  >;

/** The noise floor as an effect: what random halves of the clean set differ by, beyond the clean arm. */
function floorOf(
  cells: readonly CellRecord[],
  effect: Effect,
  units: ReadonlyMap<string, ArmValues>,
  { floors }: Shared,
): Pick<Measured, 'floor'> {
  const measured = cells.flatMap(({ id }) => floors.get(id) ?? []);
  if (measured.length === 0) return {};
  return { floor: effect.of(mean(measured)) - mean(ofArm(units, 'clean')) };
}

/** The share of what a mimic gains that is too little to matter. */
const SMALLEST_SHARE = 0.1;

/**
 * The range of an effect and the smallest one of interest. For mimicry the range is measured: from the clean mimic to the base
 * model, which is all that a protection can take. Otherwise a metric says what is too small to matter, or nobody does.
 */
function rangeOf(
  cells: readonly CellRecord[],
  effect: Effect,
  units: ReadonlyMap<string, ArmValues>,
  { untuned, smallestEffect, effects }: Shared,
): Pick<Measured, 'range' | 'smallest'> {
  const base = tellsGain(effect.metric)
    ? cells.flatMap(({ id }) => untuned.get(id) ?? []).map(effect.of)
    : [];
  const range =
    base.length === 0 ? Number.NaN : mean(base) - mean(ofArm(units, 'clean').filter(Number.isFinite));
  const own = effect === effects[0] ? smallestEffect : undefined;
  const smallest = own ?? (range > 0 ? SMALLEST_SHARE * range : effect.metric.smallestEffect);
  return { ...(range > 0 && { range }), ...(smallest !== undefined && { smallest }) };
}
