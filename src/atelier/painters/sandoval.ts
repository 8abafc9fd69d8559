/** @file Chalk and pastel hatched over dark paper. */
import { mapColours, primed, tooth } from '../canvas.ts';
import { hex, jitter, luma, smoothstep, tune } from '../colour.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

export const sandoval: Painter = {
  id: 'sandoval',
  name: 'Hugo Sandoval',
  manner: 'pastel hatched in one slant over slate paper whose tooth shows through',
  paint(scene, random) {
    const canvas = primed(scene.size, hex('#555c68'));
    const ground = tooth(scene.size, random.fork('paper'), 170);
    for (let i = 0; i < canvas.rgb.length; i++) canvas.rgb[i]! *= 0.86 + 0.28 * ground[Math.floor(i / 3)]!;
    const seen = mapColours(scene.rgb, (c) => tune(c, { chroma: 1.35, contrast: 1.1 }));
    const light = (i: number): number => luma([seen[3 * i]!, seen[3 * i + 1]!, seen[3 * i + 2]!]);
    const hatch = (
      width: number,
      length: number,
      coverage: number,
      slant: number,
      where: (i: number) => number,
    ): void =>
      brushLayer(canvas, scene, seen, random, {
        width,
        length,
        coverage,
        dry: 0.38,
        ground,
        bounded: true,
        taper: 0.3,
        wander: 0.09,
        angle: (flow) => slant + 0.12 * Math.sin(2 * (flow - slant)),
        paint: (c) => jitter(tune(c, { lift: 0.05 }), random, { lift: 0.05, chroma: 0.2, turn: 0.16 }),
        where,
      });
    hatch(0.034, 3, 2, -0.95, (i) => 0.5 + light(i)); // the side of the stick
    hatch(0.012, 8, 1.8, -0.95, (i) => 0.15 + smoothstep(0.05, 0.5, light(i)));
    hatch(0.008, 8, 0.9, -0.55, (i) => smoothstep(0.45, 0.9, light(i)));
    hatch(0.007, 2.5, 5, -0.8, (i) => 1.5 * scene.detail[i]!);
    return canvas;
  },
};
