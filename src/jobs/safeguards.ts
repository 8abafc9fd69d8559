/**
 * @file What the harness promises of every picture it stores, whatever a plug-in returned: finite pixels, the
 * input's size unless the plug-in declares otherwise, and for protections a budget in true 1/255 pixel units.
 */
import { type Image, toBytes, withPixels } from '../image/image.ts';
import { budgetExceeded, changedSize, notFinite, perceptualExceeded } from '../messages/index.ts';
import { ssim } from '../metrics/ssim.ts';
import { WINDOW } from '../metrics/parts/ssim-window.ts';
import { type Perceptual, perceptualDistance } from '../models/perceptual.ts';
import type { Budget } from '../protections/define.ts';
import { seededRandom } from '../random.ts';

/** @throws IMAGE if `after` is not finite, or has another size than `before` though `resizes` is false. */
export function assertSound(id: string, before: Image, after: Image, resizes: boolean): void {
  if (!resizes && (after.width !== before.width || after.height !== before.height)) {
    throw changedSize(id, before, after);
  }
  const { data } = after;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) throw notFinite(id, i);
}

/** Rounds to 8 bits and clips to the L-infinity budget around the clean image's 8-bit pixels. */
export function clipToBudget(clean: Image, raw: Image, budget: Budget): Image {
  if (budget.epsPx === undefined || raw === clean) return raw;
  const eps = Math.floor(budget.epsPx);
  const from = toBytes(clean);
  const to = toBytes(raw);
  const data = new Float32Array(to.length);
  for (let i = 0; i < to.length; i++) {
    data[i] = Math.min(Math.max(to[i]!, from[i]! - eps), from[i]! + eps) / 255;
  }
  return withPixels(clean, data);
}

/** How far a saved picture is from the clean one. */
export interface MeasuredBudget {
  /** L-infinity in 1/255. */
  readonly linfPx: number;
  /** Peak signal-to-noise ratio in dB; Infinity for equal pictures. */
  readonly psnr: number;
}

/** How near it looks; what cannot be measured is left out. */
export interface MeasuredLooks {
  /** Structural similarity, for pictures of at least 11 px a side. */
  readonly ssim?: number;
  /** Distance of the model in the role `perceptual`, where the protection has one. */
  readonly perceptual?: number;
}

/** Measures how near the decoded file looks. @throws BUDGET if it left the perceptual budget. */
export async function measureLooks(
  id: string,
  clean: Image,
  saved: Image,
  budget: Budget,
  model?: Perceptual,
): Promise<MeasuredLooks> {
  const wide = Math.min(clean.width, clean.height) >= WINDOW;
  const structure = wide && { ssim: await ssim.measure(saved, clean, {}, { random: seededRandom(0) }) };
  if (model === undefined) return { ...structure };
  const perceptual = await perceptualDistance(model, clean, saved);
  if (budget.lpips !== undefined && perceptual > budget.lpips) {
    throw perceptualExceeded(id, model.model.id, perceptual, budget.lpips);
  }
  return { ...structure, perceptual };
}

/** Measures the decoded file against the clean image. @throws BUDGET if it left the budget. */
export function measureBudget(id: string, clean: Image, saved: Image, budget: Budget): MeasuredBudget {
  const x = toBytes(clean);
  const y = toBytes(saved);
  let linfPx = 0;
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const difference = Math.abs(x[i]! - y[i]!);
    if (difference > linfPx) linfPx = difference;
    squares += difference * difference;
  }
  if (budget.epsPx !== undefined && linfPx > budget.epsPx) throw budgetExceeded(id, linfPx, budget.epsPx);
  return { linfPx, psnr: 10 * Math.log10((255 ** 2 * x.length) / squares) };
}
