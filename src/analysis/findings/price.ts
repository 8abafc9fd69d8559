/**
 * @file What an attack costs the mimic: time per megapixel, networks, and the quality that it takes from a clean image. A
 * protection that only a costly attack breaks is worth more than one that JPEG breaks.
 */
import type { RunFolder } from '../../run/run-folder.ts';
import { networksOf } from '../../experiment/setting.ts';
import { mean } from '../../stats/mean.ts';
import type { Analysis, Answers, Effect } from '../answers.ts';
import { byRank } from '../effect.ts';

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

/** The metric of fidelity that measures quality: the first by its rank `quality`. */
export function qualityEffect({ effects }: Pick<Answers, 'effects'>): Effect | undefined {
  const fidelity = effects.filter(({ metric }) => metric.measures === 'fidelity');
  const [first] = byRank(
    fidelity.map(({ metric }) => metric),
    'quality',
  );
  return fidelity.find(({ metric }) => metric === first);
}

/** The price of every attack of a run. */
export function pricesOf(
  { images, manifest }: Pick<RunFolder, 'images' | 'manifest'>,
  answers: Answers,
): Prices {
  const quality = qualityEffect(answers);
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
          qualityLost: lost(measured, quality),
          networks: networksOf(setting),
        },
      ];
    }),
  );
}

function lost(measured: Analysis | undefined, quality: Effect | undefined): number {
  if (measured === undefined || quality === undefined) return Number.NaN;
  const losses = [...measured.values.values()]
    .map(([clean, , attackedClean]) => quality.of(attackedClean!) - quality.of(clean!))
    .filter(Number.isFinite);
  return mean(losses);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
