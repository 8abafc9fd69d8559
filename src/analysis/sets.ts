/** @file Set metrics: the jackknife of their parts, which gives one value a part and so an interval. */
import type { Row } from '../run/rows.ts';
import { ARMS } from '../metrics/arms.ts';
import { mean } from '../stats/mean.ts';
import type { ArmValues } from './answers.ts';
import { WITHOUT, WITHOUT_ARTIST } from '../metrics/kinds/set.ts';

/** How many images the sets of each cell have. */
export const setSizes = (rows: readonly Row[]): ReadonlyMap<string, number> =>
  new Map(rows.flatMap(({ cell, arm, image, n }) => (arm !== 'floor' && image === '*' ? [[cell, n]] : [])));

/** The units that are not parts of a jackknife: those that a report shows. */
export const wholeUnits = (values: ReadonlyMap<string, ArmValues>): Map<string, ArmValues> =>
  new Map([...values].filter(([unit]) => !unit.startsWith(WITHOUT)));

/**
 * p(j) of every part in every arm, under the part's name; the values as they are if there are no parts.
 * @param cluster what is left out at a time
 */
export function jackknifed(
  values: ReadonlyMap<string, ArmValues>,
  cluster: 'image' | 'artist' = 'image',
): Map<string, ArmValues> {
  const all = values.get('*');
  const isPart = (unit: string): boolean =>
    unit.startsWith(WITHOUT) && unit.startsWith(WITHOUT_ARTIST) === (cluster === 'artist');
  const parts = [...values].filter(([unit, arms]) => isPart(unit) && !arms.some(Number.isNaN));
  if (all === undefined || parts.length < 2) return wholeUnits(values);
  const g = parts.length;
  const result = new Map<string, ArmValues>(parts.map(([unit]) => [unit, new Float64Array(ARMS.length)]));
  for (let arm = 0; arm < ARMS.length; arm++) {
    const middle = mean(parts.map(([, left]) => left[arm]!));
    for (const [unit, left] of parts) result.get(unit)![arm] = all[arm]! + (g - 1) * (middle - left[arm]!);
  }
  return result;
}
