/**
 * @file What an attack costs the mimic: time per megapixel, networks, and the quality that it takes from a clean image. A
 * protection that only a costly attack breaks is worth more than one that JPEG breaks.
 */
import type { RunFolder } from '../../run/run-folder.ts';
import { networksOf } from '../../experiment/setting.ts';
import type { Answers } from '../answers.ts';
import { costOf, qualityOf } from '../utility.ts';

export interface Price {
  /** Median wall time over the images, on the machine of the run. NaN if no time was recorded. */
  readonly msPerMegapixel: number;
  /** Mean d[attack(clean)] by the run's metric of quality; NaN if there is none. */
  readonly qualityLost: number;
  /** Median wall time of its training, done once for each protection; NaN if it is not trained. */
  readonly trainingMs: number;
  /** Ids of the networks that it uses. */
  readonly networks: readonly string[];
}

/** By label of the attack. */
export type Prices = ReadonlyMap<string, Price>;

/** The price of every attack of a run. */
export function pricesOf(
  { images, manifest }: Pick<RunFolder, 'images' | 'manifest'>,
  answers: Answers,
): Prices {
  const quality = qualityOf(answers.effects);
  const attacks = new Map(answers.pairs.map(({ attack }) => [attack.label, attack]));
  return new Map(
    [...attacks].map(([label, setting]): [string, Price] => {
      const times = images
        .filter(({ arm, attack }) => arm === 'attacked-clean' && attack === label)
        .flatMap(({ ms, width, height }) => (ms === undefined ? [] : [(1e6 * ms) / (width * height)]));
      const measured = answers.pairs.find(
        ({ attack, effect }) => attack.label === label && effect === quality,
      );
      const trainings = (manifest.attackTrainings ?? []).flatMap((each) =>
        each.attack === label ? [each.ms] : [],
      );
      return [
        label,
        {
          trainingMs: median(trainings),
          msPerMegapixel: median(times),
          qualityLost: measured === undefined ? Number.NaN : costOf(measured),
          networks: networksOf(setting),
        },
      ];
    }),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
