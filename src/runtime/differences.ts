/**
 * @file Gradients against central differences, along random directions.
 *
 * For a direction d and the loss L = sum(output * cotangent), accumulated in float64, the gradient's claim <g, d>
 * stands against D(h) = (L(p + h d) - L(p - h d)) / 2h. Float32 blurs L, which small steps blow up; curvature, and
 * kinks (Relu, MaxPool) between the two points, spoil large ones. So h runs through a sweep; the noise is read off
 * its small end, the bias off how D changes from larger steps (it falls at least as fast as h), and the step with
 * the least of both is taken. A direction that leaves the answer open is drawn again. Where a network sits on a kink
 * (a Relu at exactly 0, a tie under Max) the slopes from the two sides stay apart however small h is; there any value
 * between them is a gradient.
 */
import { fromNumbers, type Tensor, toFloat64 } from '../onnx/tensor.ts';
import type { Random } from '../random.ts';

/** `ok`; `kink`: between two one-sided slopes that differ; `noisy`: the difference itself is too uncertain to tell. */
export type Verdict = 'ok' | 'kink' | 'noisy' | 'wrong';

/** One name and one direction. */
export interface DirectionCheck {
  readonly wrt: string;
  /** <gradient, direction>. */
  readonly analytic: number;
  /** The central difference at the step that was taken. */
  readonly numeric: number;
  /** Step, relative to the root mean square of the tensor. */
  readonly step: number;
  /** |analytic - numeric| over the slope's size. */
  readonly error: number;
  /** What noise, curvature and kinks may do to the difference, over the slope's size. */
  readonly uncertainty: number;
  readonly verdict: Verdict;
}

/** The loss with one input replaced. */
export type Loss = (name: string, value: Tensor) => Promise<number>;

/** The inner product. */
export const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

const SWEEP = [2, 4, 6, 8, 10, 12, 14, 16].map((bits) => 2 ** -bits); // steps, relative to the tensor's size

const ATTEMPTS = 4;

/** A tensor, its gradient, and what a check of it may miss by. */
export interface Claim {
  readonly wrt: string;
  readonly point: Tensor;
  readonly gradient: Float64Array;
  readonly tolerance: number;
}

/** Checks one direction; draws another where the answer is open, and one more before anything is called wrong. */
export async function checkDirection(claim: Claim, loss: Loss, random: Random): Promise<DirectionCheck> {
  let check = await tryDirection(claim, loss, random);
  for (let i = 1, wrong = 0; i < ATTEMPTS && check.verdict !== 'ok'; i++) {
    if (check.verdict === 'wrong' && ++wrong === 2) break;
    check = await tryDirection(claim, loss, random);
  }
  return check;
}

async function tryDirection(claim: Claim, loss: Loss, random: Random): Promise<DirectionCheck> {
  const { wrt, point, gradient, tolerance } = claim;
  const at = toFloat64(point);
  const direction = Float64Array.from(at, () => random.normal());
  const size = Math.sqrt(dot(at, at) / Math.max(1, at.length)) || 1;
  const slopesAt = slopesAlong(point, direction, (value) => loss(wrt, value));
  const sweep: Slopes[] = [];
  for (const step of SWEEP) sweep.push(await slopesAt(step * size));
  const { slopes, noise, bias } = best(sweep);
  const analytic = dot(gradient, direction);
  // The spread of <g, d> over random directions: a slope near zero by chance is measured against it.
  const typical = Math.sqrt(dot(gradient, gradient));
  const scale = Math.max(Math.abs(analytic), Math.abs(slopes.central), typical) || 1;
  const measured = {
    error: Math.abs(analytic - slopes.central) / scale,
    uncertainty: (noise + bias) / scale,
  };
  const verdict = verdictOf(analytic, slopes, { ...measured, noise, scale, tolerance });
  return { wrt, analytic, numeric: slopes.central, step: slopes.step / size, ...measured, verdict };
}

interface Measured {
  readonly error: number;
  readonly uncertainty: number;
  readonly noise: number;
  readonly scale: number;
  readonly tolerance: number;
}

function verdictOf(
  analytic: number,
  { forward, backward }: Slopes,
  { error, uncertainty, noise, scale, tolerance }: Measured,
): Verdict {
  if (error <= tolerance) return 'ok';
  const margin = noise + tolerance * scale;
  const [low, high] = [Math.min(forward, backward), Math.max(forward, backward)];
  if (high - low > margin + 3 * noise && analytic > low - margin && analytic < high + margin) return 'kink';
  return error <= tolerance + 2 * uncertainty ? 'noisy' : 'wrong';
}

/** Slopes of the loss over one step: from both sides, and from each. */
interface Slopes {
  readonly step: number;
  readonly central: number;
  readonly forward: number;
  readonly backward: number;
}

function slopesAlong(
  point: Tensor,
  direction: Float64Array,
  loss: (value: Tensor) => Promise<number>,
): (step: number) => Promise<Slopes> {
  const at = toFloat64(point);
  const norm = dot(direction, direction) || 1;
  const middle = loss(point);
  const side = async (h: number): Promise<{ moved: number; value: number }> => {
    const there = fromNumbers(
      point.dtype,
      point.dims,
      at.map((v, i) => v + h * direction[i]!),
    );
    // How far float32 let the point move along the direction, which is not quite h.
    const difference = toFloat64(there).map((v, i) => v - at[i]!);
    return { moved: dot(difference, direction) / norm, value: await loss(there) };
  };
  return async (step) => {
    const here = await middle;
    const [below, above] = [await side(-step), await side(step)];
    return {
      step,
      central: (above.value - below.value) / (above.moved - below.moved),
      forward: (above.value - here) / above.moved,
      backward: (here - below.value) / -below.moved,
    };
  };
}

/** The step at which noise and bias of the central difference are smallest together, in units of the slope. */
function best(sweep: readonly Slopes[]): { slopes: Slopes; noise: number; bias: number } {
  const change = (i: number, j: number): number => Math.abs(sweep[i]!.central - sweep[j]!.central);
  // Steps so small that the loss does not move at all show no blur, though there is some: they are passed over.
  const changes = sweep.slice(1).map(({ step }, i) => change(i + 1, i) * step);
  const blur = Math.max(0, ...changes.filter((each) => each > 0).slice(-3));
  const rated = sweep.slice(2).map((slopes, i) => {
    // A bias that falls as h changes by (r - 1) of itself from r h to h; steps are a factor of 4 apart.
    const bias = Math.max(change(i + 2, i + 1) / 3, change(i + 2, i) / 15);
    return { slopes, noise: blur / slopes.step, bias };
  });
  return rated.reduce((a, b) => (b.noise + b.bias < a.noise + a.bias ? b : a));
}
