/** @file A ploughed or ripe field whose rows run to the horizon, with stacks and poppies. */
import { clamp, hex, mix, smoothstep, times } from '../colour.ts';
import { below, ellipse, polygon } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';
import { castShadow, hills, sky } from './landscape.ts';
import { broadleaf, cypress } from './plants.ts';

export const field: Motif = {
  id: 'field',
  phrase: 'a field',
  titles: ['Ripe Wheat', 'Furrows', 'Stacks After Harvest', 'The Wide Field'],
  draw(easel) {
    const { light, random, between } = easel;
    sky(easel);
    const horizon = between(0.4, 0.5);
    hills(easel, { level: horizon + 0.01, height: 0.1, colour: mix(light.far, light.zenith, 0.4) });
    const vanish = furrows(easel, horizon);
    for (let k = random.int(4); k > 0; k--)
      cypress(easel, between(0.04, 0.96), horizon + 0.03, between(0.12, 0.26));
    if (random.uniform() < 0.5)
      broadleaf(easel, random.pick([0.14, 0.86]), horizon + 0.12, between(0.36, 0.46));
    const stacks = random.int(4);
    for (let k = 0; k < stacks; k++) {
      const x = clamp(vanish + between(-0.4, 0.4), 0.12, 0.88);
      stack(easel, x, horizon + 0.1 + 0.11 * k + between(0, 0.05), horizon);
    }
    const count = random.uniform() < 0.6 ? 30 : 0;
    for (let k = 0; k < count; k++) poppy(easel, horizon);
  },
};

/** The field itself; gives the place on the horizon that its rows run to. */
function furrows({ light, fill, random, between, rough }: Easel, horizon: number): number {
  const crop = light.lit(random.pick(['#e6bb4a', '#c9a054', '#8fae4f', '#a878a8', '#b5804f'].map(hex)), 0.9);
  const soil = light.lit(random.pick(['#6f4f35', '#8a6a3c', '#4f5f38'].map(hex)), 0.6);
  const vanish = between(0.25, 0.75);
  const rows = between(9, 14);
  fill(
    below(() => horizon),
    (x, y) => {
      const depth = clamp((y - horizon) / (1 - horizon), 0.02);
      const lane = ((x - vanish) / depth) * rows * 0.35 + 0.3 * rough(5 * x, 9 * y);
      const furrow = smoothstep(-0.5, 0.7, Math.sin(2 * Math.PI * lane) + 0.7 * rough(22 * x, 30 * y));
      const near = mix(soil, crop, furrow);
      return mix(near, mix(crop, light.horizon, 0.35), (1 - depth) ** 3 * 0.8);
    },
    { flow: (x, y) => Math.atan2(y - horizon + 0.05, x - vanish) },
  );
  return vanish;
}

/** A stack of sheaves and its shadow. */
function stack(easel: Easel, x: number, foot: number, horizon: number): void {
  const { light, fill, rough } = easel;
  const { side } = light;
  const w = 0.16 * (foot - horizon + 0.2);
  castShadow(easel, x - side * w * 1.1, foot, w * 1.6, w * 0.22);
  fill(
    polygon(
      [
        [x - w, foot],
        [x - w * 0.95, foot - w * 0.8],
        [x - w * 0.2, foot - w * 1.9],
        [x + w * 0.2, foot - w * 1.9],
        [x + w * 0.95, foot - w * 0.8],
        [x + w, foot],
      ],
      0.01,
    ),
    (px, py) =>
      times(
        light.lit(hex('#e0b458'), clamp(0.5 + (0.6 * side * (px - x)) / w)),
        1 + 0.25 * rough(34 * px, 10 * py),
      ),
    { flow: (px) => Math.PI / 2 + (0.5 * (px - x)) / w },
  );
}

function poppy({ light, fill, between }: Easel, horizon: number): void {
  const depth = between(0.25, 1) ** 0.7;
  const r = 0.004 + 0.009 * depth;
  fill(
    ellipse(between(0, 1), horizon + depth * (1 - horizon) * 0.98, r * 1.1, r),
    light.lit(hex('#d8392b'), 0.9),
    { part: true, detail: 0.5 },
  );
}
