/** @file Colour woodblock: graded flat areas, fine indigo key lines, wood grain in the ink. */
import { blurred, forEachPixel, mapColours, outlines, primed, print, tooth } from '../canvas.ts';
import { fromOklab, hex, mix, oklab, smoothstep, times } from '../colour.ts';
import { valueNoise } from '../noise.ts';
import type { Painter } from './define.ts';

const PAPER = hex('#f3e9d2');
const KEY = hex('#1d2a44');

export const morozumi: Painter = {
  id: 'morozumi',
  name: 'Kenji Morozumi',
  manner:
    'colour woodblock: flat muted areas wiped to a gradient, key lines in indigo, the grain of the board',
  paint(scene, random) {
    const { size } = scene;
    const canvas = primed(size, PAPER);
    const board = valueNoise(random.fork('board'));
    const pressure = valueNoise(random.fork('pressure'));
    const paper = tooth(size, random.fork('paper'), 100);
    const steps = 5;
    const smooth = blurred(scene.rgb, size, 0.008 * size);
    const flat = mapColours(smooth, (c) => {
      const [L, a, b] = oklab(c);
      const level = L * steps;
      const step = Math.floor(level) + smoothstep(0.42, 0.58, level - Math.floor(level));
      return mix(fromOklab(0.16 + 0.8 * (step / steps), 1.02 * a - 0.004, 1.02 * b + 0.012), PAPER, 0.08);
    });
    canvas.rgb.set(flat);
    forEachPixel(canvas, (c, x, y, i) => {
      const rings = Math.sin(70 * (y + 0.1 * board(2.2 * x, 3 * y)) + 2 * board(1.5 * x, 9 * y));
      const bokashi = smoothstep(0.3, 0, y);
      const graded = mix(c, mix(c, hex('#1f4f8a'), 0.62), bokashi);
      return times(mix(graded, PAPER, 0.03 + 0.035 * rings + 0.16 * smoothstep(0.72, 1, paper[i]!)), 0.99);
    });
    print(canvas, outlines(scene, 0.0052, pressure), KEY, 0.95);
    frame(canvas.rgb, size);
    return canvas;
  },
};

/** The print's margin and its key line. */
function frame(rgb: Float32Array, size: number): void {
  const margin = Math.round(0.022 * size);
  const line = Math.max(1, Math.round(0.004 * size));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const rim = Math.min(x, y, size - 1 - x, size - 1 - y);
      if (rim >= margin + line) continue;
      const c = rim < margin ? PAPER : KEY;
      for (let k = 0; k < 3; k++) rgb[3 * (y * size + x) + k] = c[k]!;
    }
  }
}
