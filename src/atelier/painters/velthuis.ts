/** @file Long thick strokes that swirl around everything, in yellow and ultramarine. */
import { mapColours, primed, rakeLight } from '../canvas.ts';
import { hex, jitter, mix, tune } from '../colour.ts';
import { valueNoise } from '../noise.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

export const velthuis: Painter = {
  id: 'velthuis',
  name: 'Bram Velthuis',
  manner: 'long impasto strokes that swirl along the form, saturated blue against yellow',
  paint(scene, random) {
    const canvas = primed(scene.size, hex('#2b3d5c'));
    const swirl = valueNoise(random.fork('swirl'));
    const seen = mapColours(scene.rgb, (c) => {
      const vivid = tune(c, { chroma: 1.5, contrast: 1.22 });
      // Warm colours are pulled to chrome yellow, cool ones to ultramarine.
      return mix(vivid, vivid[0] > vivid[2] ? hex('#f2b632') : hex('#2f55b8'), 0.16);
    });
    const layer = (width: number, length: number, coverage: number, where?: (i: number) => number): void =>
      brushLayer(canvas, scene, seen, random, {
        width,
        length,
        coverage,
        bristle: 0.34,
        impasto: 1.1,
        taper: 0.55,
        wander: 0.14,
        angle: (flow, x, y) => flow + 0.9 * swirl(3.2 * x, 3.2 * y),
        paint: (c) => jitter(c, random, { lift: 0.075, chroma: 0.25, turn: 0.16 }),
        ...(where && { where }),
      });
    layer(0.042, 4, 1.6);
    layer(0.026, 5, 1.5);
    layer(0.016, 5, 1.3, (i) => 0.3 + 2 * scene.detail[i]!);
    layer(0.009, 3, 3, (i) => 1.5 * scene.detail[i]! ** 1.5);
    rakeLight(canvas, 0.5);
    return canvas;
  },
};
