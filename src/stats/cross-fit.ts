/**
 * @file The best of several options, judged where it was not chosen. The smallest of several noisy means is too small: chance
 * helps to choose it. So each unit is judged under the option that is best over all other units (leave one unit out).
 */

/** For each option the value of each unit: `values[option][unit]`. */
export type Options = readonly ArrayLike<number>[];

/** For each unit: the option with the least mean over the other units. Equal options: the first. */
export function leastElsewhere(values: Options): number[] {
  const units = values[0]!.length;
  const totals = values.map((option) => Array.from(option).reduce((sum, value) => sum + value, 0));
  return Array.from({ length: units }, (_, unit) => {
    let least = 0;
    for (let option = 1; option < values.length; option++) {
      const without = (k: number): number => totals[k]! - values[k]![unit]!;
      if (without(option) < without(least)) least = option;
    }
    return least;
  });
}
