/** @file Open sea with rolling waves, rocks or cliffs. */
import { hex, mix, type Rgb, smoothstep, times } from '../colour.ts';
import { below, blob, limb, perColumn, slopeOf } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';
import { sky, water } from './landscape.ts';

export const sea: Motif = {
  id: 'sea',
  phrase: 'the sea',
  titles: ['Breakers', 'The Long Swell', 'Evening Tide', 'Off the Headland'],
  draw(easel) {
    const { light, random, between } = easel;
    sky(easel);
    const horizon = between(0.38, 0.5);
    const deep = mix(
      light.water,
      light.lit(random.pick(['#1f6a80', '#2b5d8c', '#2c7a70'].map(hex)), 0.7),
      0.6,
    );
    water(easel, horizon);

    if (random.uniform() < 0.65) cliff(easel, horizon);
    const swells = 4 + random.int(3);
    for (let k = 0; k < swells; k++) swell(easel, horizon, deep, (k + 1) / swells);
    rocks(easel);
    for (let k = random.int(5); k > 0; k--) gull(easel, horizon);
  },
};

function cliff({ light, fill, random, between, rough }: Easel, horizon: number): void {
  const from = random.pick([0, 1]);
  const reach = between(0.25, 0.42);
  const top = between(0.1, 0.2);
  const stone = random.pick(['#8a7263', '#c9b9a0', '#6d6a70'].map(hex));
  const away = (x: number): number => (from === 0 ? x : 1 - x);
  fill(
    below(
      (x) => horizon + 0.015 - top * smoothstep(reach, reach * 0.55, away(x) + 0.05 * rough(9 * x, 4)),
      horizon + 0.02,
    ),
    (x, y) =>
      times(
        light.lit(stone, 0.5 + 0.5 * (from === 0 ? 1 : -1) * light.side),
        1 + 0.35 * rough(14 * x, 5 * y),
      ),
    { flow: Math.PI / 2 },
  );
}

/** One wave; `near` is 0 at the horizon and 1 at our feet. */
function swell({ light, fill, random, noise, rough }: Easel, horizon: number, deep: Rgb, near: number): void {
  const level = horizon + (1 - horizon) * near ** 1.5 * 0.9;
  const height = 0.015 + 0.06 * near;
  const phase = 20 * random.uniform();
  const crest = perColumn((x) => {
    const swell = 0.5 + 0.5 * noise((5 - 3 * near) * x + phase, phase);
    return level - height * swell - 0.006 * rough(14 * x, phase);
  });
  fill(
    below(crest, level + 2.2 * height + 0.04),
    (x, y) => {
      const down = (y - crest(x)) / (2 * height);
      const foam =
        smoothstep(0.22, 0.02, down + 0.28 * rough(16 * x, 24 * y)) *
        smoothstep(0.0, 0.5, near + 0.4 * noise(6 * x + phase, 1));
      const glassy = mix(mix(deep, light.horizon, 0.35), times(deep, 0.72), smoothstep(0, 1, down));
      return mix(times(glassy, 1 + 0.16 * rough(8 * x, 30 * y)), light.lit(hex('#ffffff'), 0.95), 0.9 * foam);
    },
    {
      soft: 0.004,
      detail: 0.15 * near,
      flow: slopeOf(crest),
    },
  );
}

function rocks({ light, fill, random, between, rough }: Easel): void {
  const stones = random.int(4);
  const shore = random.pick([0.12, 0.85]);
  for (let k = 0; k < stones; k++) {
    const x = shore + between(-0.14, 0.14);
    const y = between(0.86, 0.97);
    const r = between(0.04, 0.09);
    fill(
      blob(x, y, r * 1.3, r, rough, 0.4),
      (px, py) => times(light.lit(hex('#5d544f'), 0.5 - (py - y) / r / 2), 1 + 0.3 * rough(20 * px, 20 * py)),
      { detail: 0.3 },
    );
  }
}

function gull({ light, fill, between }: Easel, horizon: number): void {
  const x = between(0.1, 0.9);
  const y = between(0.1, horizon - 0.06);
  const span = between(0.012, 0.025);
  fill(
    limb(
      [
        [x - span, y - span * 0.5],
        [x - span * 0.4, y - span * 0.55],
        [x, y],
        [x + span * 0.4, y - span * 0.55],
        [x + span, y - span * 0.5],
      ],
      0.0035,
      0.0025,
    ),
    mix(light.zenith, hex('#ffffff'), light.hour === 'noon' ? 0.9 : 0.1),
    { detail: 0.6 },
  );
}
