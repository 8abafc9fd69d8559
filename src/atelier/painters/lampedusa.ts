/** @file Sfumato: smoky glazes out of a brown dark, under a cracked varnish. */
import type { Random } from '../../random.ts';
import { blurred, forEachPixel, mapColours, primed } from '../canvas.ts';
import { clamp, hex, luma, mix, smoothstep, times, tune } from '../colour.ts';
import { fractal, valueNoise } from '../noise.ts';
import { brushLayer } from '../strokes.ts';
import type { Painter } from './define.ts';

export const lampedusa: Painter = {
  id: 'lampedusa',
  name: 'Sofia Lampedusa',
  manner: 'sfumato: smoky glazes without an edge, deep brown shadow, amber varnish with fine cracks',
  paint(scene, random) {
    const { size } = scene;
    const canvas = primed(size, hex('#3a281a'));
    const veil = fractal(valueNoise(random.fork('veil')), 3);
    const soft = blurred(scene.rgb, size, 0.009 * size);
    const seen = mapColours(soft, (c, i) => {
      const sharp = [scene.rgb[3 * i]!, scene.rgb[3 * i + 1]!, scene.rgb[3 * i + 2]!] as const;
      return tune(mix(c, sharp, 0.65 * scene.detail[i]!), { chroma: 0.8, contrast: 1.08, lift: 0.03 });
    });
    canvas.rgb.set(blurred(seen, size, 0.02 * size)); // the dead layer, before any stroke
    brushLayer(canvas, scene, seen, random, { width: 0.03, length: 3, coverage: 2.2, opacity: 0.5 });
    const fine = { width: 0.012, length: 4, coverage: 2.2, opacity: 0.5, bounded: true };
    brushLayer(canvas, scene, seen, random, fine);
    const care = (i: number): number => scene.detail[i]!;
    brushLayer(canvas, scene, seen, random, {
      width: 0.006,
      length: 3,
      coverage: 3,
      opacity: 0.6,
      where: care,
    });
    canvas.rgb.set(blurred(canvas.rgb, size, 0.0028 * size));
    const cracks = craquelure(size, random);
    forEachPixel(canvas, (c, x, y, i) => {
      const gloom = smoothstep(0.34, 0.86, Math.hypot(x - 0.5, y - 0.46) + 0.06 * veil(3 * x, 3 * y));
      const amber = mix(c, times(c, hex('#ffdc9c')), 0.75);
      const smoky = mix(amber, hex('#1d130c'), 0.66 * gloom + 0.2 * smoothstep(0.35, 0, luma(c)));
      return times(smoky, 1 - 0.34 * cracks[i]!);
    });
    return canvas;
  },
};

/** The net of fine cracks in old varnish: the seams of warped Voronoi cells, open here and closed there. 0..1. */
function craquelure(size: number, random: Random): Float32Array {
  const count = 22;
  const jitter = Float32Array.from({ length: 2 * (count + 3) ** 2 }, () => random.uniform());
  const warp = valueNoise(random.fork('warp'));
  const open = valueNoise(random.fork('open'));
  return Float32Array.from({ length: size * size }, (_, i) => {
    const px = (i % size) / size;
    const py = Math.floor(i / size) / size;
    const x = (px + 0.012 * warp(14 * px, 14 * py)) * count;
    const y = (py + 0.012 * warp(14 * px + 30, 14 * py)) * count;
    let least = 9;
    let second = 9;
    for (let r = -1; r <= 1; r++) {
      for (let c = -1; c <= 1; c++) {
        const k =
          2 *
          (clamp(Math.floor(y) + r + 1, 0, count + 2) * (count + 3) +
            clamp(Math.floor(x) + c + 1, 0, count + 2));
        const distance = Math.hypot(
          Math.floor(x) + c + jitter[k]! - x,
          Math.floor(y) + r + jitter[k + 1]! - y,
        );
        if (distance < least) [second, least] = [least, distance];
        else if (distance < second) second = distance;
      }
    }
    return (
      smoothstep(0.055 + (2 * count) / (6 * size), 0, second - least) *
      smoothstep(-0.25, 0.5, open(5 * px, 5 * py)) *
      clamp(size / 256, 0.3)
    );
  });
}
