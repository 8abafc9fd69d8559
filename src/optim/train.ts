/**
 * @file The training loop: losses with gradients by weights, clipping, AdamW, a moving average of the weights, checkpoints.
 *
 * All weights are one flat array, so that the loop knows nothing of networks. Whatever a step draws has to depend on its
 * number alone; then a training that was cut off and goes on from a checkpoint ends at the very same weights.
 */
import { lossNotFinite } from '../messages/index.ts';
import { adamW, clipNorm, type Moments, noMoments } from './adamw.ts';
import type { Objective } from './descend.ts';
import type { Schedule } from './update.ts';

/** A training between two steps: everything that the next one depends on. */
export interface TrainingState {
  /** Steps made. */
  readonly step: number;
  readonly weights: Float32Array;
  readonly moments: Moments;
  /** Exponential moving average of the weights; absent where none is kept. */
  readonly average?: Float32Array;
  /** The loss of every step made. */
  readonly losses: readonly number[];
}

export interface TrainingOptions {
  readonly steps: number;
  readonly rate: Schedule;
  /** Gradients are scaled to at most this norm. */
  readonly clip?: number;
  /** Weight decay. */
  readonly decay?: number;
  readonly signal?: AbortSignal | undefined;
  /** 0..1; counts steps before an interruption, too. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly checkpoint?: Checkpointing | undefined;
}

/** Where a training is kept between sessions. */
export interface Checkpointing {
  /** What it is called in messages. */
  readonly name: string;
  /** Steps between checkpoints; there is one at the end and on abort, too. */
  readonly every: number;
  save(state: TrainingState): Promise<void>;
}

/** A training before its first step. `averaged` keeps a moving average of the weights, too. */
export const untrained = (weights: Float32Array, averaged = false): TrainingState => ({
  step: 0,
  weights: weights.slice(),
  moments: noMoments(weights.length),
  ...(averaged && { average: weights.slice() }),
  losses: [],
});

/**
 * Trains on from a state, which is left as it is. @throws the signal's reason on abort, after a checkpoint; MODEL if a
 * loss is not a number, naming the step: the last checkpoint stays.
 */
export async function train(
  from: TrainingState,
  objective: Objective,
  { steps, rate, clip = 1, decay = 0.01, signal, onProgress, checkpoint }: TrainingOptions,
): Promise<TrainingState> {
  const weights = from.weights.slice();
  const moments = { first: from.moments.first.slice(), second: from.moments.second.slice() };
  const average = from.average?.slice();
  const losses = [...from.losses];
  const update = adamW(rate, moments, { decay });
  const now = (step: number): TrainingState => ({
    step,
    weights,
    moments,
    ...(average && { average }),
    losses,
  });
  let saved = from.step;
  const save = async (step: number): Promise<void> => {
    if (checkpoint === undefined || step === saved) return;
    await checkpoint.save(now(step));
    saved = step;
  };
  for (let step = from.step; step < steps; step++) {
    if (signal?.aborted) {
      await save(step);
      signal.throwIfAborted();
    }
    const { loss, gradient } = await objective(weights, step);
    const norm = clipNorm(gradient, clip);
    if (!Number.isFinite(loss + norm)) {
      throw lossNotFinite(
        step + 1,
        saved > 0 && checkpoint ? { name: checkpoint.name, step: saved } : undefined,
      );
    }
    update(weights, gradient, step);
    if (average !== undefined) follow(average, weights, step);
    losses.push(loss);
    onProgress?.((step + 1) / steps);
    if ((step + 1) % (checkpoint?.every ?? Number.POSITIVE_INFINITY) === 0) await save(step + 1);
  }
  await save(steps);
  return now(Math.max(steps, from.step));
}

/** The moving average after a step: it keeps min(0.9999, (1 + n) / (10 + n)) of itself, so that it warms up. */
function follow(average: Float32Array, weights: Float32Array, step: number): void {
  const kept = Math.min(0.9999, (1 + step) / (10 + step));
  for (let i = 0; i < average.length; i++) average[i] = kept * average[i]! + (1 - kept) * weights[i]!;
}

/** A rate that rises along a line over `warmup` steps, then stays or falls along a cosine to zero at `steps`. */
export function warmedUp(
  rate: number,
  { warmup = 0, steps, shape }: { warmup?: number; steps: number; shape: 'constant' | 'cosine' },
): Schedule {
  return (step) => {
    if (step < warmup) return (rate * (step + 1)) / warmup;
    if (shape === 'constant') return rate;
    return (rate * (1 + Math.cos((Math.PI * (step - warmup)) / Math.max(1, steps - warmup)))) / 2;
  };
}
