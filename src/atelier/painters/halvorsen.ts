/** @file Linocut: white gouges in a black block over two or three tints. */
import { mapColours, outlines, primed, print, tooth } from '../canvas.ts';
import { clamp, hex, luma, mix, palette, smoothstep } from '../colour.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

const PAPER = hex('#f1e8d3');
const tint = palette(['#f1e8d3', '#e2b55a', '#c9694a', '#8fb0a4', '#b8c7a8', '#9aa9c2'], 0.25);

export const halvorsen: Painter = {
  id: 'halvorsen',
  name: 'Greta Halvorsen',
  manner: 'linocut: tapering gouges along the form open a black block to cream paper and a few flat tints',
  paint(scene, random) {
    const { size } = scene;
    const canvas = primed(size, hex('#191a1f'));
    const tinted = mapColours(scene.rgb, (c) => mix(PAPER, tint(c), 0.75));
    const light = new Float32Array(size * size);
    for (let i = 0; i < light.length; i++) {
      light[i] = luma([scene.rgb[3 * i]!, scene.rgb[3 * i + 1]!, scene.rgb[3 * i + 2]!]);
    }
    const gouge = (width: number, length: number, coverage: number, where: (i: number) => number): void =>
      brushLayer(canvas, scene, tinted, random, {
        width,
        length,
        coverage,
        taper: 0.9,
        bounded: true,
        wander: 0.05,
        girth: (i) => clamp(0.25 + 1.2 * light[i]!),
        where,
      });
    gouge(0.02, 4, 2.4, (i) => smoothstep(0.55, 0.78, light[i]!)); // light areas are cleared
    gouge(0.0105, 9, 1.5, (i) => smoothstep(0.08, 0.5, light[i]!));
    gouge(0.007, 4, 2, (i) => scene.detail[i]! * smoothstep(0.2, 0.5, light[i]!));
    print(canvas, outlines(scene, 0.006), hex('#191a1f'), 0.95);
    const ink = tooth(size, random.fork('ink'), 120);
    for (let k = 0; k < canvas.rgb.length; k++)
      canvas.rgb[k]! +=
        (PAPER[k % 3]! - canvas.rgb[k]!) * 0.22 * smoothstep(0.78, 1, ink[Math.floor(k / 3)]!);
    return canvas;
  },
};
