/** @file Slabs of paint spread with a palette knife. */
import { mapColours, primed, rakeLight } from '../canvas.ts';
import { hex, jitter, mix, palette, tune } from '../colour.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

const earth = palette(
  [
    '#f3ead9',
    '#d9b98a',
    '#c2703d',
    '#7d3b2a',
    '#2f2a2c',
    '#1f6f78',
    '#5fb0ac',
    '#cfd6c8',
    '#8a8f4a',
    '#b8452f',
    '#e0a23a',
    '#3d4a63',
    '#9a9aa0',
  ],
  0.7,
);

export const okafor: Painter = {
  id: 'okafor',
  name: 'Maud Okafor',
  manner: 'square slabs laid with a knife in a few set directions, earth colours against turquoise',
  paint(scene, random) {
    const canvas = primed(scene.size, hex('#6b4a3a'));
    const seen = mapColours(scene.rgb, (c) => mix(tune(c, { contrast: 1.15, chroma: 1.15 }), earth(c), 0.42));
    const slabs = (width: number, length: number, coverage: number, where?: (i: number) => number): void =>
      brushLayer(canvas, scene, seen, random, {
        width,
        length,
        coverage,
        square: true,
        bristle: 0.1,
        impasto: 1.3,
        ridge: 0.75,
        wander: 0.16,
        // The wrist knows four directions.
        angle: (flow) => (Math.PI / 4) * Math.round(flow / (Math.PI / 4)) + 0.12,
        paint: (c) => jitter(c, random, { lift: 0.05, chroma: 0.2, turn: 0.1 }),
        ...(where && { where }),
      });
    slabs(0.085, 1.3, 2);
    slabs(0.055, 1.3, 1.4);
    slabs(0.034, 1.3, 1.5, (i) => 0.2 + 2 * scene.detail[i]!);
    slabs(0.0145, 1.3, 2.5, (i) => 1.4 * scene.detail[i]!);
    rakeLight(canvas, 0.42);
    return canvas;
  },
};
