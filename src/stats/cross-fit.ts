/**
 * @file The best of several options, judged where it was not chosen. The smallest of several noisy means is too small: chance
 * helps to choose it. So the units are halved, and each half is judged under the option that is best over the other half.
 */
import { groupBy } from './group.ts';

/**
 * For each unit: the option with the least mean over the half that the unit is not in. Equal options: the first.
 * @param values for each option the value of each unit: `values[option][unit]`
 * @param replicates the replicate that each unit belongs to, such as its artist or training; a replicate is in one half
 */
export function leastElsewhere(
  values: readonly ArrayLike<number>[],
  replicates: readonly string[],
): number[] {
  const places = new Map([...groupBy(replicates, (name) => name).keys()].sort().map((name, i) => [name, i]));
  const halves = replicates.map((name) => places.get(name)! % 2);
  const least = [0, 1].map((half) => {
    const sums = values.map((option) =>
      halves.reduce((sum, own, unit) => (own === half ? sum : sum + option[unit]!), 0),
    );
    return sums.indexOf(Math.min(...sums));
  });
  return halves.map((half) => least[half]!);
}
