/**
 * @file What an attack costs the mimic: time for a megapixel, networks, and the quality that it takes from a picture that was
 * never protected. A protection that only a ruinous attack breaks is worth more than one that JPEG breaks.
 */
import { networksOf, type RunFolder } from '../run/run-folder.ts';
import type { Analysis, Answers } from './analysis.ts';
import type { Effect } from './effect.ts';

export interface Price {
  /** Median wall time over the pictures, on the machine of the run. NaN where no time was recorded. */
  readonly msPerMegapixel: number;
  /** Mean d[attack(clean)] by the run's metric of fidelity; NaN where there is none. */
  readonly qualityLost: number;
  /** Median wall time of learning from pairs, once for a protection; NaN where it does not learn. */
  readonly learningMs: number;
  /** Ids of the networks that it asks. */
  readonly networks: readonly string[];
}

/** By label of the attack. */
export type Prices = ReadonlyMap<string, Price>;

/** The metric that tells quality: a perceptual distance before SSIM before the rest. */
export function qualityEffect({ effects }: Pick<Answers, 'effects'>): Effect | undefined {
  const rank = ({ metric }: Effect): number => {
    const id = metric.links[0]?.id ?? '';
    return id.startsWith('lpips') ? 0 : id === 'ssim' ? 1 : 2;
  };
  const fidelity = effects.filter(({ metric }) => metric.measures === 'fidelity');
  return [...fidelity].sort((a, b) => rank(a) - rank(b))[0];
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
      const learning = (manifest.attackTrainings ?? []).flatMap((each) =>
        each.attack === label ? [each.ms] : [],
      );
      return [
        label,
        {
          learningMs: median(learning),
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
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
