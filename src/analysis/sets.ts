/**
 * @file Intervals for set metrics, which have one value T for all pictures: the jackknife. Without part j of g, a picture
 * or an artist, the value is T(-j), and
 *
 *   p(j) = T + (g - 1) (M - T(-j)),   M the mean of T(-j)
 *
 * stands for what that part contributes (delete-a-group jackknife: Wolter 2007, chapter 4), shifted so that the mean is T as
 * it was measured. A part of more pictures moves T further, which weighs it as it should be. From there on the p(j) of the arms are paired like the values of images. A bootstrap of
 * the pictures themselves would draw some of them twice, which a Fréchet distance or a neighbourhood takes for a change.
 */
import { WITHOUT, WITHOUT_ARTIST } from '../plan/plan.ts';
import { ARMS, type Row } from '../run/rows.ts';

/** Each unit's value in each arm (order of ARMS); NaN where it was not measured. */
type ArmValues = Float64Array;

/** How many pictures the sets of each cell have. */
export const setSizes = (rows: readonly Row[]): ReadonlyMap<string, number> =>
  new Map(rows.flatMap(({ cell, arm, image, n }) => (arm !== 'floor' && image === '*' ? [[cell, n]] : [])));

/** The units that are no part of a jackknife: what a report shows. */
export const wholeUnits = (values: ReadonlyMap<string, ArmValues>): Map<string, ArmValues> =>
  new Map([...values].filter(([unit]) => !unit.startsWith(WITHOUT)));

/**
 * p(j) of every part in every arm, under the part's name; the values as they are where there are no parts.
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
    const mean = parts.reduce((sum, [, left]) => sum + left[arm]!, 0) / g;
    for (const [unit, left] of parts) result.get(unit)![arm] = all[arm]! + (g - 1) * (mean - left[arm]!);
  }
  return result;
}
