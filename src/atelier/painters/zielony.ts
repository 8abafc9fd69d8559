/** @file Wild colour in broad strokes, held by dark contours. */
import { mapColours, outlines, primed, print, rakeLight } from '../canvas.ts';
import { hex, jitter, mix, palette, tune } from '../colour.ts';
import { valueNoise } from '../noise.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

const wild = palette(
  [
    '#12214f',
    '#1f4fd0',
    '#18a08c',
    '#2fae3e',
    '#f4d21f',
    '#f58a1f',
    '#e2262f',
    '#e84fa0',
    '#7a2fa8',
    '#fff1d6',
    '#7fd0e8',
    '#8a1f2f',
  ],
  0.9,
);

export const zielony: Painter = {
  id: 'zielony',
  name: 'Piotr Zielony',
  manner: 'broad strokes of wild unmixed colour held together by dark blue contours',
  paint(scene, random) {
    const canvas = primed(scene.size, hex('#d8322f'));
    const seen = mapColours(scene.rgb, (c) =>
      mix(tune(c, { chroma: 2.2, turn: 0.25 }), wild(tune(c, { chroma: 2.4, turn: 0.35 })), 0.72),
    );
    const layer = (width: number, length: number, coverage: number, where?: (i: number) => number): void =>
      brushLayer(canvas, scene, seen, random, {
        width,
        length,
        coverage,
        bristle: 0.22,
        impasto: 0.6,
        bounded: true,
        wander: 0.3,
        paint: (c) => jitter(c, random, { lift: 0.04, chroma: 0.2, turn: 0.3 }),
        ...(where && { where }),
      });
    layer(0.06, 3, 1.6);
    layer(0.036, 3, 0.9);
    layer(0.014, 2.5, 2, (i) => scene.detail[i]!);
    rakeLight(canvas, 0.22);
    print(canvas, outlines(scene, 0.0105, valueNoise(random.fork('pressure'))), hex('#141a3c'), 0.92);
    return canvas;
  },
};
