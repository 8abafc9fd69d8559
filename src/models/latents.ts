/** @file Latents of images of any size: the windows in which a VAE encoder sees them, and what it makes of each. */
import type { Size } from '../image/image.ts';
import { cutWindow, type Window, type WindowOptions, windowSize, windowsOf } from '../image/windows.ts';
import { smallerThanCell } from '../messages.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import type { RoleModel } from './open.ts';

export type VaeEncoder = RoleModel<'vae-encoder'>;

/** A latent cell of the Stable Diffusion family, px: what an encoder's sides are multiples of unless it says otherwise. */
export const CELL = 8;

/** How an encoder sees an image. */
export interface EncoderWindowing extends Pick<WindowOptions, 'side' | 'overlap' | 'even'> {
  /** How many latent cells sides are multiples of: 1. */
  readonly cells?: number;
}

/**
 * The windows of an image for an encoder: at most `side` px long, `overlap` px shared with their neighbours, both rounded
 * down to what the encoder takes, or to so many latent cells. @throws IMAGE where a side is smaller than one latent cell.
 */
export function encoderWindows(
  { model: { id, fill } }: VaeEncoder,
  image: Size,
  { side, overlap, cells = 1, even = false }: EncoderWindowing,
): readonly Window[] {
  const cell = fill.multiple ?? CELL;
  if (Math.min(image.width, image.height) < cell) throw smallerThanCell(id, image, cell);
  const multiple = cells * cell;
  const whole = (px: number): number => Math.floor(px / multiple) * multiple;
  const longest = fill.size ?? Math.max(multiple, whole(side));
  return windowsOf(image, {
    side: longest,
    overlap: whole(Math.min(overlap, longest / 2)),
    multiple,
    fixed: fill.size !== undefined,
    even,
  });
}

/** A window of `planes` [3, height, width] as an encoder takes it: [1, 3, h, w]. */
export function windowTensor(planes: Float32Array, size: Size, window: Window): TensorOf<'float32'> {
  const { width, height } = windowSize(window);
  return tensor('float32', [1, 3, height, width], cutWindow(planes, size, window));
}

/** The latent of each window: [1, c, h/8, w/8], scaled as a U-Net takes it. */
export async function latentsOf(
  encoder: VaeEncoder,
  planes: Float32Array,
  size: Size,
  windows: readonly Window[],
): Promise<TensorOf<'float32'>[]> {
  const latents: TensorOf<'float32'>[] = [];
  for (const window of windows) {
    const { latent } = await encoder.run({ image: windowTensor(planes, size, window) });
    latents.push(latent);
  }
  return latents;
}
