/** @file One cell, or one pair over its seeds, from values to a residual: everything before the verdict. */
import { ARMS, type Arm } from '../metrics/arms.ts';
import type { CellRecord, RunFolder } from '../run/run-folder.ts';
import { nests } from '../metrics/kinds/set.ts';
import { mean } from '../stats/mean.ts';
import { minimumDetectable } from '../stats/paired.ts';
import { finiteImages, residual } from '../stats/residual.ts';
import type { Answers, ArmMean, ArmValues, Effect, Measured, Resampler } from './answers.ts';
import { armMeans, type MeanOfArm } from './arm-means.ts';
import { printedNames } from './names.ts';
import { jackknifed, setSizes, wholeUnits } from './sets.ts';
import { floorsByCell, type ImageValues, meanOverSeeds, valuesByCell } from './values.ts';

/** What the cells of a run have in common. */
interface Shared {
  readonly effects: readonly Effect[];
  readonly draw: Resampler;
  readonly method: Answers['bootstrap']['method'];
  readonly values: ReadonlyMap<string, ImageValues>;
  readonly meanOfArm: MeanOfArm;
  readonly floors: ReadonlyMap<string, readonly number[]>;
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
  draw: Resampler,
  { method, cluster }: Pick<Answers['bootstrap'], 'method' | 'cluster'>,
): (cells: readonly CellRecord[]) => Measured {
  const shared: Shared = {
    effects,
    draw,
    method,
    values: valuesByCell(run.rows),
    meanOfArm: armMeans(draw, { method, cluster }),
    floors: floorsByCell(run.rows),
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
  const units = jackknifed(meanOverSeeds(seeds, effect.of), shared.leftOut);
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
    arms: meansOf(jackknifed(values, shared.leftOut), effect, shared),
    values: wholeUnits(values),
    ...found,
    count: images.length > 1 ? (shared.sizes.get(cells[0]!.id) ?? images.length) : images.length,
    errors: cells.reduce((sum, cell) => sum + cell.errors, 0),
    detectable: minimumDetectable(found.residual.effectPerImage),
    ...floorOf(cells, effect, units, shared),
  };
}

/** The residual over the units that have a finite effect in all four arms. */
function residualOf(
  units: ReadonlyMap<string, ArmValues>,
  { draw, method }: Shared,
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
      draw(images),
      { method },
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
