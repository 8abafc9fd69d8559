/** @file Sailing boats and their reflections. */
import { clamp, hex, mix, type Rgb, times } from '../colour.ts';
import { limb, polygon } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';
import { hills, reflection, sky, water } from './landscape.ts';

export const boat: Motif = {
  id: 'boat',
  phrase: 'a sailing boat',
  titles: ['Red Sail', 'Becalmed', 'Leaving Harbour', 'Two Boats at Noon'],
  hours: ['dawn', 'noon', 'cloudy', 'gold', 'dusk', 'night'],
  draw(easel) {
    const { light, random, between } = easel;
    sky(easel);
    const horizon = between(0.44, 0.56);
    hills(easel, { level: horizon + 0.01, height: 0.1, colour: mix(light.far, light.zenith, 0.45) });
    water(easel, horizon);
    const side = random.pick([-1, 1]);
    const far = random.int(3);
    for (let k = 0; k < far; k++) {
      sail(easel, {
        x: 0.5 - side * between(0.2, 0.4),
        y: horizon + 0.05 + 0.03 * k,
        size: 0.1 + 0.02 * k,
        side,
      });
    }
    sail(easel, {
      x: 0.5 + side * between(0, 0.14),
      y: between(0.7, 0.78),
      size: between(0.44, 0.54),
      side,
    });
  },
};

const SAILS = ['#f7efdc', '#c8452f', '#e8a33c', '#f4f1ea', '#b9533a'].map(hex);
const HULLS = ['#7a3f2c', '#2f4a63', '#3d5a46', '#8f2f2a'].map(hex);

/** A boat on the water line `y`; `size` is its height, `side` where its bow points, -1 or 1. */
interface Boat {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly side: number;
}

type Point = readonly [number, number];

function sail(easel: Easel, boat: Boat): void {
  const { light, random, rough } = easel;
  const { x, y, size, side } = boat;
  const hull = random.pick(HULLS);
  const cloth = random.pick(SAILS);
  const at = (u: number, v: number): Point => [x + side * u * size, y - v * size];
  const billow = (px: number, py: number): Rgb =>
    times(
      light.lit(cloth, clamp(0.75 + 0.5 * side * ((px - x) / size) + 0.15 * rough(6 * px, 12 * py))),
      1 + 0.06 * rough(20 * px, 6 * py),
    );
  reflections(easel, boat, hull, cloth);
  rig(easel, boat, at, billow);
  body(easel, boat, at, hull);
  if (size > 0.3) sailor(easel, size, at);
}

/** Hull and sails in the water. */
function reflections(easel: Easel, { x, y, size }: Boat, hull: Rgb, cloth: Rgb): void {
  const { light } = easel;
  const half = size * 0.42;
  reflection(easel, {
    left: x - half * 0.95,
    right: x + half * 0.95,
    top: y,
    bottom: y + size * 0.16,
    colour: light.lit(times(hull, 0.7), 0.5),
  });
  reflection(easel, {
    left: x - half * 0.55,
    right: x + half * 0.45,
    top: y + size * 0.12,
    bottom: y + size * 0.6,
    colour: mix(light.lit(cloth, 0.6), light.water, 0.35),
  });
}

/** Mast, mainsail and, mostly, a jib. */
function rig(
  { light, fill, random }: Easel,
  { x, y, size, side }: Boat,
  at: (u: number, v: number) => Point,
  billow: (px: number, py: number) => Rgb,
): void {
  const mast = y - size;
  fill(
    limb(
      [
        [x, y],
        [x + 0.01 * side, mast],
      ],
      size * 0.012,
      size * 0.008,
    ),
    light.lit(hex('#5a4330'), 0.6),
    { detail: 0.4 },
  );
  fill(polygon([at(0.03, 0.95), at(0.1, 0.6), at(0.4, 0.17), at(0.02, 0.15)], 0.004), billow, {
    flow: Math.PI / 2 - side * 0.3,
    detail: 0.2,
  });
  if (random.uniform() < 0.8) {
    fill(
      polygon([at(-0.02, 0.86), at(-0.14, 0.5), at(-0.34, 0.16), at(-0.02, 0.2)], 0.004),
      (px, py) => times(billow(px, py), 0.92),
      { flow: Math.PI / 2 + side * 0.4, detail: 0.2 },
    );
  }
}

/** The hull and its rail. */
function body(
  { light, fill, rough }: Easel,
  { y, size }: Boat,
  at: (u: number, v: number) => Point,
  hull: Rgb,
): void {
  fill(
    polygon([at(-0.42, 0.1), at(0.46, 0.13), at(0.34, 0), at(-0.32, -0.01)], 0.006),
    (px, py) => times(light.lit(hull, clamp(0.3 + 3 * ((y - py) / size))), 1 + 0.12 * rough(4 * px, 40 * py)),
    { flow: 0, detail: 0.2 },
  );
  fill(limb([at(-0.42, 0.105), at(0.46, 0.135)], size * 0.012), light.lit(hex('#efe3c8'), 0.9), {
    part: true,
    flow: 0,
  });
}

function sailor(
  { light, fill, random, between }: Easel,
  size: number,
  at: (u: number, v: number) => Point,
): void {
  const seat = between(-0.2, 0.1);
  fill(
    limb([at(seat, 0.12), at(seat, 0.2)], size * 0.03, size * 0.022),
    light.lit(random.pick(['#30404f', '#a83a32', '#e0d2b4'].map(hex)), 0.6),
    { detail: 0.6 },
  );
  fill(limb([at(seat, 0.235), at(seat, 0.24)], size * 0.02), light.lit(hex('#c99572'), 0.8), {
    detail: 0.6,
  });
}
