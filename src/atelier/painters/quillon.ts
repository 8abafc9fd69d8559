/** @file Dots of pure colour that mix only in the eye. */
import { mapColours, primed } from '../canvas.ts';
import { hex, jitter, tune } from '../colour.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

export const quillon: Painter = {
  id: 'quillon',
  name: 'Inès Quillon',
  manner: 'dots of pure colour side by side on a cream ground, every sixth one the complement',
  paint(scene, random) {
    const canvas = primed(scene.size, hex('#f4ead2'));
    const seen = mapColours(scene.rgb, (c) => tune(c, { chroma: 1.35, lift: 0.03, contrast: 1.08 }));
    const dots = (width: number, coverage: number, where?: (i: number) => number): void =>
      brushLayer(canvas, scene, seen, random, {
        width,
        length: 0,
        coverage,
        opacity: 0.95,
        paint: (c) => {
          const pure = jitter(c, random, { lift: 0.07, chroma: 0.5, turn: 0.5 });
          return random.uniform() < 0.16 ? tune(pure, { turn: Math.PI, chroma: 0.9, lift: 0.06 }) : pure;
        },
        ...(where && { where }),
      });
    dots(0.024, 1.1);
    dots(0.016, 1.3);
    dots(0.0125, 1.2);
    dots(0.009, 1.6, (i) => scene.detail[i]!);
    return canvas;
  },
};
