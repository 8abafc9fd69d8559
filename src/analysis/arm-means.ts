/** @file The mean of each arm with its interval, in the metric's own unit. */
import { ARMS, type Arm } from '../metrics/arms.ts';
import { bootstrapInterval, type Interval, weightedMean } from '../stats/bootstrap.ts';
import { mean } from '../stats/mean.ts';
import { wilsonInterval } from '../stats/rates.ts';
import type { Answers, ArmMean, ArmValues, Resampler } from './answers.ts';

type Bootstrap = Pick<Answers['bootstrap'], 'method' | 'cluster'>;

/** The mean of an arm over these values; `isRate` if they are hits and misses. */
export type MeanOfArm = (values: ReadonlyMap<string, ArmValues>, arm: Arm, isRate: boolean) => ArmMean;

/** The clean arm is the same in all cells, a protected one in all attacks: each is averaged once. */
export function armMeans(draw: Resampler, bootstrap: Bootstrap): MeanOfArm {
  const known = new Map<string, ArmMean>();
  return (values, arm, isRate) => {
    const measured = [...values]
      .map(([id, arms]) => ({ id, value: arms[ARMS.indexOf(arm)]! }))
      .filter(({ value }) => !Number.isNaN(value));
    const key = [isRate, ...measured.map(({ id, value }) => `${id}=${value}`)].join('\n');
    const found = known.get(key) ?? armMean(measured, draw, bootstrap, isRate);
    known.set(key, found);
    return found;
  };
}

function armMean(
  measured: readonly { readonly id: string; readonly value: number }[],
  draw: Resampler,
  { method, cluster }: Bootstrap,
  isRate: boolean,
): ArmMean {
  const finite = measured.filter(({ value }) => Number.isFinite(value));
  const numbers = finite.map(({ value }) => value);
  const interval = (): Interval | undefined => {
    // If every image agrees, the bootstrap of a rate has no width; Wilson's interval has.
    if (cluster === 'image' && isRate && numbers.length > 1)
      return wilsonInterval(mean(numbers) * numbers.length, numbers.length);
    const drawn = draw(finite.map(({ id }) => id));
    return bootstrapInterval((weights) => weightedMean(numbers, weights), drawn, { method });
  };
  return {
    mean:
      numbers.length === 0
        ? { value: measured[0]?.value ?? Number.NaN, interval: undefined }
        : { value: mean(numbers), interval: interval() },
    infinite: measured.length - numbers.length,
    n: measured.length,
  };
}
