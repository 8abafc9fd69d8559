/** @file The mean of each arm with its interval, in the metric's own unit. */
import { ARMS, type Arm } from '../metrics/arms.ts';
import type { Interval } from '../stats/bootstrap.ts';
import { mean } from '../stats/mean.ts';
import { wilsonInterval } from '../stats/rates.ts';
import type { ArmMean, ArmValues, InferenceFor } from './answers.ts';

/** The mean of an arm over these values; `isRate` if they are hits and misses. */
export type MeanOfArm = (values: ReadonlyMap<string, ArmValues>, arm: Arm, isRate: boolean) => ArmMean;

/** The clean arm is the same in all cells, a protected one in all attacks: each is averaged once. */
export function armMeans(infer: InferenceFor): MeanOfArm {
  const known = new Map<string, ArmMean>();
  return (values, arm, isRate) => {
    const measured = [...values]
      .map(([id, arms]) => ({ id, value: arms[ARMS.indexOf(arm)]! }))
      .filter(({ value }) => !Number.isNaN(value));
    const key = [isRate, ...measured.map(({ id, value }) => `${id}=${value}`)].join('\n');
    const found = known.get(key) ?? armMean(measured, infer, isRate);
    known.set(key, found);
    return found;
  };
}

function armMean(
  measured: readonly { readonly id: string; readonly value: number }[],
  infer: InferenceFor,
  isRate: boolean,
): ArmMean {
  const finite = measured.filter(({ value }) => Number.isFinite(value));
  const numbers = finite.map(({ value }) => value);
  const inference = infer(finite.map(({ id }) => id));
  const interval = (): Interval | undefined =>
    // If every image agrees, a mean of hits and misses has no spread; Wilson's interval has a width.
    isRate && !inference.clustered && numbers.length > 1
      ? wilsonInterval(mean(numbers) * numbers.length, numbers.length)
      : inference.mean(numbers).interval;
  return {
    mean:
      numbers.length === 0
        ? { value: measured[0]?.value ?? Number.NaN, interval: undefined }
        : { value: mean(numbers), interval: interval() },
    infinite: measured.length - numbers.length,
    n: measured.length,
  };
}
