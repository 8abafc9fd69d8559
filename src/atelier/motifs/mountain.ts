/** @file Snow peaks over foothills, with firs or a lake in front. */
import { clamp, hex, mix, smoothstep, times } from '../colour.ts';
import { below } from '../shapes.ts';
import type { Motif } from './define.ts';
import { hills, meadow, sky, water } from './landscape.ts';
import { fir } from './plants.ts';

export const mountain: Motif = {
  id: 'mountain',
  phrase: 'a mountain',
  titles: ['The Peak at Morning', 'Snow Above the Pass', 'The Silent Massif', 'Valley and Summit'],
  draw(easel) {
    const { light, fill, random, between, noise, rough } = easel;
    sky(easel, 0.7);

    const { side } = light;
    const base = between(0.6, 0.68);
    const main = between(0.34, 0.66);
    const peaks = [
      { x: main, top: base - between(0.42, 0.52), w: between(0.38, 0.5) },
      { x: main - between(0.26, 0.4), top: base - between(0.22, 0.36), w: between(0.26, 0.4) },
      { x: main + between(0.26, 0.4), top: base - between(0.2, 0.34), w: between(0.26, 0.4) },
    ];
    const rock = random.pick(['#7d7f96', '#8c7a70', '#6f8290', '#94838c'].map(hex));
    const snow = hex('#f7f9fc');
    const snowline = between(0.4, 0.75);
    for (const { x: px, top, w } of peaks.reverse()) {
      const outline = (x: number): number =>
        top + ((base - top) * Math.abs(x - px)) / w + 0.03 * rough(7 * x, 3.3 + 9 * px);
      fill(
        below(outline, base + 0.06),
        (x, y) => {
          // A lit and a shaded face, divided by a ridge that wanders down from the top.
          const down = (y - top) / (base - top);
          const ridge = px + 0.07 * noise(7 * y, px * 7) * down - 0.1 * side * down;
          const rocky = rough(10 * x, 12 * y);
          const facing = smoothstep(-0.02, 0.02, side * (x - ridge) + 0.03 * rocky);
          const white = smoothstep(0.06, -0.06, down - snowline + 0.3 * rough(9 * x, 5 * y));
          const surface = mix(times(rock, 1 + 0.25 * rocky), snow, white);
          return mix(light.lit(surface, 0.08 + 0.92 * facing), light.horizon, clamp(0.55 * down ** 2));
        },
        { flow: (x, y) => (x < px ? -1 : 1) * 0.9 + 0.5 * noise(5 * x, 5 * y) },
      );
    }

    hills(easel, { level: base + 0.04, height: 0.1, colour: mix(light.far, light.zenith, 0.3) });
    const withLake = random.uniform() < 0.5;
    if (withLake) {
      water(easel, base + 0.04);
      hills(easel, { level: 0.99, height: 0.1, colour: light.grass, scale: 1.6 });
    } else {
      hills(easel, { level: base + 0.12, height: 0.08, colour: light.far });
      meadow(easel, base + 0.14);
    }
    const edge = random.pick([0, 1]);
    const trees = 5 + random.int(6);
    for (let k = 0; k < trees; k++) {
      const along = between(0, 0.42);
      const x = edge === 0 ? along - 0.03 : 1.03 - along;
      fir(easel, x, 0.99 - 0.3 * along + between(0, 0.04), between(0.18, 0.32) * (1 - along), k > 0);
    }
  },
};
