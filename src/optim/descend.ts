/** @file The loop of every optimisation against a loss: evaluate, keep the best, move, project. */
import type { Constraint } from './constraint.ts';
import type { Update } from './update.ts';

/** A loss and its gradient at x. The gradient's array may be overwritten by the next call. */
export type Objective = (
  x: Float32Array,
  step: number,
) => Promise<{ readonly loss: number; readonly gradient: Float32Array }>;

/** The sum of objectives, each times its weight; a weight of 0 costs nothing. */
export function weightedSum(
  terms: readonly { readonly objective: Objective; readonly weight: number }[],
): Objective {
  return async (x, step) => {
    const gradient = new Float32Array(x.length);
    let loss = 0;
    for (const { objective, weight } of terms) {
      if (weight === 0) continue;
      const term = await objective(x, step);
      loss += weight * term.loss;
      for (let i = 0; i < gradient.length; i++) gradient[i]! += weight * term.gradient[i]!;
    }
    return { loss, gradient };
  };
}

export interface DescentOptions {
  readonly steps: number;
  readonly update: Update;
  readonly constraint: Constraint;
  /** The best point on the way, or the last: if losses are drawn at each step, the lowest one is only luck. */
  readonly keep?: 'best' | 'last';
  /** Ends after so many steps without a lower loss; 0: never before `steps`. */
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
  /** 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** What a descent found. */
export interface Descent {
  /** The point of the lowest loss that was met, unless the last was asked for. */
  readonly x: Float32Array;
  readonly loss: number;
  /** Steps made. */
  readonly steps: number;
}

/**
 * Descends from `x`, which is moved in place: of a picture of 12 megapixels every copy is 144 MB. @throws the signal's reason on abort, and what the objective
 * throws.
 */
export async function descend(
  x: Float32Array,
  objective: Objective,
  { steps, update, constraint, keep = 'best', patience = 0, signal, onProgress }: DescentOptions,
): Promise<Descent> {
  const best = { x: keep === 'best' ? x.slice() : x, loss: Number.POSITIVE_INFINITY, step: 0 };
  for (let step = 0; ; step++) {
    signal?.throwIfAborted();
    const { loss, gradient } = await objective(x, step);
    if (loss < best.loss || keep === 'last') {
      if (keep === 'best') best.x.set(x);
      best.loss = loss;
      best.step = step;
    }
    onProgress?.((step + 1) / (steps + 1));
    const stuck = patience > 0 && step - best.step >= patience;
    if (step === steps || stuck) return { x: best.x, loss: best.loss, steps: step };
    update(x, gradient, step);
    constraint.project(x);
  }
}
