/** @file Broken dabs of clear colour in high key, violet in the shadows. */
import { mapColours, primed, rakeLight } from '../canvas.ts';
import { hex, jitter, luma, mix, smoothstep, tune } from '../colour.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

export const marchetti: Painter = {
  id: 'marchetti',
  name: 'Odile Marchetti',
  manner: 'short broken dabs in a high key, rose and violet in the shadows, edges lost in the light',
  paint(scene, random) {
    const canvas = primed(scene.size, hex('#e9d5cf'));
    const seen = mapColours(scene.rgb, (c) => {
      const airy = tune(c, { lift: 0.05, contrast: 0.92, chroma: 1.45 });
      return mix(airy, hex('#7f72c4'), 0.4 * smoothstep(0.5, 0.1, luma(c)));
    });
    const layer = (width: number, length: number, coverage: number, where?: (i: number) => number): void =>
      brushLayer(canvas, scene, seen, random, {
        width,
        length,
        coverage,
        opacity: 0.88,
        bristle: 0.16,
        impasto: 0.5,
        taper: 0.4,
        wander: 0.4,
        paint: (c) => jitter(c, random, { lift: 0.045, chroma: 0.4, turn: 0.4 }),
        ...(where && { where }),
      });
    layer(0.034, 1.8, 1.6);
    layer(0.023, 2, 1.6);
    layer(0.0145, 2, 1.6, (i) => 0.55 + scene.detail[i]!);
    layer(0.0085, 1.8, 3, (i) => 1.4 * scene.detail[i]! ** 1.2);
    rakeLight(canvas, 0.3);
    return canvas;
  },
};
