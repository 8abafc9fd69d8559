/**
 * @file Classifier-free guidance (Ho and Salimans 2022): the prediction under the prompt, pushed away from that under the
 * negative prompt. Both are computed in one call of the U-Net.
 */
import { type TensorOf, tensor } from '../onnx/tensor.ts';
import { type Diffusion, rowsOf, stacked } from './open.ts';
import { cleanFrom, inputScale } from './prediction.ts';

type Floats = TensorOf<'float32'>;

/** What steers a batch of n latents. */
export interface Conditioning {
  /** [n, tokens, d] */
  readonly prompt: Floats;
  /** [n, tokens, d]: what to move away from; (default: the empty prompt). */
  readonly negative: Floats;
  /** 1: the prompt alone, in half the time. */
  readonly guidance: number;
}

/** The clean latents that the network sees in x = z + sigma e. */
export async function guidedClean(
  { predict, prediction }: Diffusion,
  x: Floats,
  sigma: number,
  timestep: number,
  { prompt, negative, guidance }: Conditioning,
): Promise<Float32Array> {
  const scale = inputScale(sigma);
  const noisy = tensor(
    'float32',
    x.dims,
    x.data.map((value) => scale * value),
  );
  if (guidance === 1) {
    return cleanFrom(x.data, (await predict(noisy, timestep, prompt)).data, sigma, prediction);
  }
  const n = x.dims[0]!;
  const both = await predict(stacked([noisy, noisy]), timestep, stacked([negative, prompt]));
  const [away, towards] = [rowsOf(both, 0, n).data, rowsOf(both, n, 2 * n).data];
  const guided = Float32Array.from(away, (value, i) => value + guidance * (towards[i]! - value));
  return cleanFrom(x.data, guided, sigma, prediction);
}
