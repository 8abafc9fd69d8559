/** @file Watercolour: transparent washes with dark rims on white paper. */
import { blurred, forEachPixel, mapColours, outlines, primed, tooth } from '../canvas.ts';
import { clamp, hex, luma, mix, type Rgb, smoothstep, times, tune } from '../colour.ts';
import { fractal, valueNoise } from '../noise.ts';
import type { Painter } from './define.ts';

const PAPER = hex('#fbf8f1');

export const dima: Painter = {
  id: 'dima',
  name: 'Aurel Dima',
  manner:
    'watercolour: pale washes that run past their outlines, dark rims where they dried, paper left white',
  paint(scene, random) {
    const { size } = scene;
    const canvas = primed(size, PAPER);
    const run = fractal(valueNoise(random.fork('run')), 4);
    const pools = fractal(valueNoise(random.fork('pools')), 3);
    const paper = tooth(size, random.fork('paper'), 75);
    const wet = blurred(scene.rgb, size, 0.012 * size);
    const damp = mapColours(wet, (c) => tune(c, { chroma: 1.3, lift: 0.2, contrast: 0.7 }));
    const crisp = mapColours(scene.rgb, (c) => tune(c, { chroma: 1.3, lift: 0.15, contrast: 0.92 }));
    const lines = outlines(scene, 0.006);
    const at = (plane: Float32Array, x: number, y: number): Rgb => {
      const i =
        3 * (Math.floor(clamp(y * size, 0, size - 1)) * size + Math.floor(clamp(x * size, 0, size - 1)));
      return [plane[i]!, plane[i + 1]!, plane[i + 2]!];
    };
    forEachPixel(canvas, (_, x, y, i) => {
      const u = x + 0.02 * run(5 * x, 5 * y);
      const v = y + 0.02 * run(5 * x + 20, 5 * y);
      const wash = at(damp, u, v);
      const second = at(crisp, x + 0.25 * (u - x), y + 0.25 * (v - y));
      // Layers of transparent paint multiply; the second is laid only where the motif needs its darks.
      const dark = smoothstep(0.75, 0.3, luma(second));
      const glaze = mix(
        wash,
        mix(times(wash, second), second, 0.62),
        0.35 + 0.5 * dark + 0.3 * scene.detail[i]!,
      );
      const pool = pools(4 * x, 4 * y);
      const rim =
        lines[i]! * 0.26 + 0.05 * smoothstep(0, 0.06, pool - 0.12) * smoothstep(0.4, 0.12, pool - 0.12);
      const grains = (paper[i]! - 0.5) * 0.2 * (1.15 - luma(glaze));
      // The lightest lights are the paper itself.
      const left = mix(glaze, PAPER, 0.85 * smoothstep(0.72, 0.9, luma(wash) + 0.05 * run(9 * x, 9 * y)));
      const body = times(left, 1 - rim + grains - 0.05 * pool);
      // The wash stops short of the sheet's edge, unevenly.
      const edge = Math.min(x, y, 1 - x, 1 - y) + 0.018 * run(9 * x, 9 * y);
      const dried = smoothstep(0.006, 0, Math.abs(edge - 0.03)) * 0.2;
      return mix(
        times(PAPER, 0.97 + 0.05 * paper[i]!),
        times(body, 1 - dried),
        smoothstep(0.022, 0.03, edge),
      );
    });
    return canvas;
  },
};
