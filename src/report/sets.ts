/**
 * @file Intervals for set metrics, which have one value T for all pictures: the jackknife. Without part j, of m of the n
 * pictures, the value is T(-j), and with h = n / m
 *
 *   p(j) = T + (h - 1) (M - T(-j)),   M the mean of T(-j)
 *
 * stands for what that part contributes (delete-m(j) jackknife: Busing, Meijer and van der Leeden 1999), shifted so that
 * the mean is T as it was measured. From there on the p(j) of the arms are paired like the values of images. A bootstrap of
 * the pictures themselves would draw some of them twice, which a Fréchet distance or a neighbourhood takes for a change.
 */
import { WITHOUT } from '../harness/plan.ts';
import { ARMS, type Row } from '../harness/rows.ts';

/** Each unit's value in each arm (order of ARMS); NaN where it was not measured. */
type ArmValues = Float64Array;

/** How many pictures each unit of each cell is over. */
export type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** The sizes of sets, by cell and unit. */
export function countsByCell(rows: readonly Row[]): Counts {
  const counts = new Map<string, Map<string, number>>();
  for (const { cell, arm, image, n } of rows) {
    if (arm === 'floor') continue;
    const own = counts.get(cell) ?? new Map<string, number>();
    counts.set(cell, own.set(image, n));
  }
  return counts;
}

/** The units that are no part of a jackknife: what a report shows. */
export const wholeUnits = (values: ReadonlyMap<string, ArmValues>): Map<string, ArmValues> =>
  new Map([...values].filter(([unit]) => !unit.startsWith(WITHOUT)));

/** p(j) of every part in every arm, under the part's name; the values as they are where there are no parts. */
export function jackknifed(
  values: ReadonlyMap<string, ArmValues>,
  counts: ReadonlyMap<string, number> | undefined,
): Map<string, ArmValues> {
  const all = values.get('*');
  const parts = [...values].filter(
    ([unit, arms]) => unit.startsWith(WITHOUT) && !arms.some((value) => Number.isNaN(value)),
  );
  const n = counts?.get('*');
  if (all === undefined || n === undefined || parts.length < 2) return wholeUnits(values);
  const scales = parts.map(([unit]) => n / (n - counts!.get(unit)!) - 1);
  const total = scales.reduce((sum, scale) => sum + scale, 0);
  const result = new Map<string, ArmValues>(parts.map(([unit]) => [unit, new Float64Array(ARMS.length)]));
  for (let arm = 0; arm < ARMS.length; arm++) {
    const mean = parts.reduce((sum, [, left], j) => sum + scales[j]! * left[arm]!, 0) / total;
    parts.forEach(([unit, left], j) => {
      result.get(unit)![arm] = all[arm]! + scales[j]! * (mean - left[arm]!);
    });
  }
  return result;
}
