/**
 * @file The step that DDIM (Song et al. 2021, equation 12) and Euler's ancestral method have in common. On x = z + sigma e
 * both are
 *
 *   x' = z + (down / sigma) (x - z) + up n,
 *   up^2 = eta^2 sigma'^2 (sigma^2 - sigma'^2) / sigma^2,   down^2 = sigma'^2 - up^2
 *
 * with n fresh noise: none at eta 0, as much as DDPM's at eta 1. They differ in the sigmas that they visit, and in eta.
 */
import type { Path, Step } from './sampler.ts';

export function ancestralStepper({ sigmas }: Path, eta: number): Step {
  return (i, x, clean, draw) => {
    const [sigma, next] = [sigmas[i]!, sigmas[i + 1]!];
    const up = (eta * next * Math.sqrt(Math.max(0, sigma * sigma - next * next))) / sigma;
    const share = Math.sqrt(next * next - up * up) / sigma;
    const noise = up > 0 ? draw() : undefined;
    return Float32Array.from(x, (value, k) => {
      const z = clean[k]!;
      return z + share * (value - z) + (noise === undefined ? 0 : up * noise[k]!);
    });
  };
}
