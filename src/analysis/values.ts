/** @file From the rows of a run to values: by cell and image, and the mean over seeds. */
import type { Row } from '../run/rows.ts';
import { ARMS } from '../metrics/arms.ts';
import { mean } from '../stats/mean.ts';
import type { ArmValues } from './answers.ts';
import { underSeed } from './replication.ts';

/** Values by image. */
export type ImageValues = ReadonlyMap<string, ArmValues>;

/** Values by cell and image. If a row was measured again, the last one counts. */
export function valuesByCell(rows: readonly Row[]): ReadonlyMap<string, ImageValues> {
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

/** The mean over seeds of `map(value)`, for each image and arm, in the order of ids: the order of rows does not matter. */
export function meanOverSeeds(
  seeds: readonly ImageValues[],
  map: (value: number) => number,
): Map<string, ArmValues> {
  const images = new Map<string, ArmValues>();
  for (const id of seeds.flatMap((seed) => [...seed.keys()]).sort()) {
    const measured = seeds.flatMap((seed) => seed.get(id) ?? []);
    images.set(
      id,
      Float64Array.from(ARMS, (_, arm) => mean(measured.map((values) => map(values[arm]!)))),
    );
  }
  return images;
}

/** The noise floors of set metrics by cell, in the metric's unit; one for each unit of a cell. */
export function floorsByCell(rows: readonly Row[]): ReadonlyMap<string, readonly number[]> {
  const floors = new Map<string, number[]>();
  for (const { cell, arm, value } of rows) {
    if (arm === 'floor' && value !== null) floors.set(cell, [...(floors.get(cell) ?? []), value]);
  }
  return floors;
}

/** `map(value)` for each unit under each seed, in the order of ids and seeds: units of several trainings. */
export function acrossSeeds(
  seeds: readonly (readonly [seed: number, values: ImageValues])[],
  map: (value: number) => number,
): Map<string, ArmValues> {
  const units = seeds.flatMap(([seed, values]) =>
    [...values].map(([id, arms]) => [id, seed, arms.map(map)] as const),
  );
  const sorted = units.sort(([a, i], [b, k]) => (a < b ? -1 : a > b ? 1 : i - k));
  return new Map(sorted.map(([id, seed, arms]) => [underSeed(id, seed), arms]));
}

/** The values of samples of the base model, by cell. */
export function untunedByCell(rows: readonly Row[]): ReadonlyMap<string, readonly number[]> {
  const untuned = new Map<string, number[]>();
  for (const { cell, arm, value } of rows) {
    if (arm === 'untuned' && value !== null) untuned.set(cell, [...(untuned.get(cell) ?? []), value]);
  }
  return untuned;
}
