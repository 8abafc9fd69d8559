/** @file Facets: the view broken into shifted planes, each shaded from edge to edge. */
import type { Random } from '../../random.ts';
import { blurred, forEachPixel, mapColours, primed, weave } from '../canvas.ts';
import { clamp, hex, mix, smoothstep, times, tune } from '../colour.ts';
import type { Painter } from './define.ts';

/** A half plane through the picture: where its line runs and which way it faces. */
interface Cut {
  readonly x: number;
  readonly y: number;
  readonly nx: number;
  readonly ny: number;
}

export const farkas: Painter = {
  id: 'farkas',
  name: 'Lena Farkas',
  manner:
    'long cuts break the view into shifted planes, each graded from light to dark, in ochre, grey and steel blue',
  paint(scene, random) {
    const { size } = scene;
    const canvas = primed(size, hex('#8a7a62'));
    const linen = weave(size, random.fork('linen'));
    const muted = mapColours(scene.rgb, (c) =>
      mix(tune(c, { chroma: 0.85, contrast: 1.15 }), c[0] > c[2] ? hex('#c0945a') : hex('#4f6a82'), 0.3),
    );
    const care = blurred(scene.detail, size, 0.02 * size);
    const cuts = drawCuts(random, 12);
    const planes = new Map<string, { shift: readonly [number, number]; tone: number }>();
    forEachPixel(canvas, (_, x, y, i) => {
      const sides = cuts.map(({ x: cx, y: cy, nx, ny }) => (x - cx) * nx + (y - cy) * ny);
      const name = sides.map((s) => (s > 0 ? '+' : '-')).join('');
      let plane = planes.get(name);
      if (!plane) {
        const draw = random.fork(name);
        plane = { shift: [draw.normal() * 0.022, draw.normal() * 0.022], tone: 1 + 0.13 * draw.normal() };
        planes.set(name, plane);
      }
      const near = sides.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
      const calm = 1 - 0.8 * clamp(1.8 * care[i]!);
      const u = clamp(x + plane.shift[0] * calm, 0, 0.999);
      const v = clamp(y + plane.shift[1] * calm, 0, 0.999);
      const k = 3 * (Math.floor(v * size) * size + Math.floor(u * size));
      // Passage: every plane is lightest along the cut that bounds it on one side, and dark along the other.
      const shade = Math.sign(near) * Math.exp(-Math.abs(near) / 0.05) * (0.06 + 0.2 * calm);
      const seam = 0.28 * smoothstep(0.0028, 0.0008, Math.abs(near)) * calm;
      const facet = times(
        [muted[k]!, muted[k + 1]!, muted[k + 2]!],
        (plane.tone - 1) * calm + 1 + shade - seam,
      );
      return times(facet, 1 + 0.07 * linen[i]!);
    });
    return canvas;
  },
};

/** Lines in three families of direction, spread over the picture. */
function drawCuts(random: Random, count: number): Cut[] {
  return Array.from({ length: count }, (_, k) => {
    const angle = [0.45, 1.25, 2.5][k % 3]! + 0.28 * random.normal();
    return { x: random.uniform(), y: random.uniform(), nx: Math.cos(angle), ny: Math.sin(angle) };
  });
}
