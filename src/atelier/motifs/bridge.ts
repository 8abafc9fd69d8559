/** @file An arched bridge over a river, with trees or houses on the banks. */
import { clamp, hex, mix, type Rgb, times } from '../colour.ts';
import { ellipse, minus, polygon, rectangle, type Shape, slopeOf } from '../shapes.ts';
import { house } from './building.ts';
import type { Easel, Motif } from './define.ts';
import { hills, reflection, sky, water } from './landscape.ts';
import { broadleaf, cypress, foliage } from './plants.ts';

export const bridge: Motif = {
  id: 'bridge',
  phrase: 'a bridge',
  titles: ['The Stone Bridge', 'Three Arches', 'River Crossing', 'Low Water'],
  draw(easel) {
    const { light, random, between } = easel;
    sky(easel, 0.9);
    const level = between(0.62, 0.68);
    hills(easel, { level: level - 0.04, height: 0.16, colour: mix(light.far, light.zenith, 0.4) });
    hills(easel, { level: level - 0.01, height: 0.08, colour: light.far, scale: 4 });
    if (random.uniform() < 0.6) {
      house(easel, {
        x: random.pick([0.2, 0.8]),
        foot: level - 0.1,
        width: 0.2,
        wall: hex('#ecdcbb'),
        roof: hex('#b5603f'),
      });
    }
    for (let k = 2 + random.int(3); k > 0; k--)
      cypress(easel, between(0.05, 0.95), level - 0.08, between(0.16, 0.28));
    water(easel, level);

    const stone = random.pick(['#c9b08a', '#a39a92', '#b98a72', '#d8cdb4'].map(hex));
    const rise = between(0.05, 0.12);
    const deck = between(0.44, 0.5);
    const arches = random.pick([1, 2, 3]);
    arcade(easel, { level, stone, rise, deck, arches });
    bank(easel);
  },
};

interface Arcade {
  /** The height of the water. */
  readonly level: number;
  readonly stone: Rgb;
  /** How far the road sinks towards the banks from its height `deck` in the middle. */
  readonly rise: number;
  readonly deck: number;
  readonly arches: number;
}

function arcade(easel: Easel, { level, stone, rise, deck, arches }: Arcade): void {
  const { light, fill, rough } = easel;
  const road = (x: number): number => deck + rise * (2 * x - 1) ** 2;
  const span = 0.92 / arches;
  let body: Shape = {
    box: [0, 0, 1, level + 0.03],
    distance: (x, y) => Math.max(road(x) - y, y - level - 0.02),
  };
  for (let k = 0; k < arches; k++) {
    const cx = 0.04 + span * (k + 0.5);
    const top = road(cx) + 0.05;
    body = minus(body, ellipse(cx, level + 0.03, span * 0.4, level + 0.03 - top));
  }
  const { side } = light;
  mirror(easel, level, span, arches, light.lit(times(stone, 0.7), 0.4));
  fill(
    body,
    (x, y) => {
      const course = Math.floor((y - road(x)) / 0.028);
      const brick = 0.12 * rough(3 * Math.floor(x / 0.05 + 0.5 * (course & 1)), 7 * course);
      return times(
        light.lit(stone, clamp(0.62 + 0.25 * side * (x - 0.5) - 1.2 * (y - road(x)))),
        1 + brick + 0.08 * rough(20 * x, 20 * y),
      );
    },
    { flow: slopeOf(road) },
  );
  fill(
    { box: [0, 0, 1, 1], distance: (x, y) => Math.abs(y - road(x) + 0.012) - 0.014 },
    (x) => light.lit(mix(stone, hex('#ffffff'), 0.25), 0.75 + 0.2 * side * (x - 0.5)),
    { flow: 0 },
  );
  for (let k = 0; k < 7; k++) {
    const x = (k + 0.5) / 7;
    fill(
      rectangle(x - 0.008, road(x) - 0.045, x + 0.008, road(x) + 0.005),
      light.lit(times(stone, 0.85), 0.5),
      { part: k > 0 },
    );
  }
}

/** The near bank with a tree or bushes. */
function bank(easel: Easel): void {
  const { light, fill, random, between, rough } = easel;
  const from = random.pick([0, 1]);
  const at = (x: number): number => (from === 0 ? x : 1 - x);
  fill(
    polygon(
      [
        [at(-0.05), 0.82],
        [at(0.2), 0.87],
        [at(0.42), 1.02],
        [at(-0.05), 1.05],
      ],
      0.03,
    ),
    (x, y) => times(light.grass, 0.95 + 0.25 * rough(9 * x, 14 * y)),
    { flow: from === 0 ? 0.4 : -0.4 },
  );
  if (random.uniform() < 0.5) broadleaf(easel, at(0.13), 0.93, between(0.5, 0.6));
  else
    for (let k = 0; k < 5; k++)
      foliage(easel, at(0.03 + 0.075 * k), 0.88 + 0.025 * k, between(0.05, 0.075), { part: k > 0 });
}

/** Piers and vault in the water. */
function mirror(easel: Easel, level: number, span: number, arches: number, colour: Rgb): void {
  for (let k = 0; k <= arches; k++) {
    const x = 0.04 + span * k;
    reflection(easel, {
      left: x - span * 0.1,
      right: x + span * 0.1,
      top: level + 0.01,
      bottom: level + 0.24,
      colour,
    });
  }
  reflection(easel, {
    left: 0,
    right: 1,
    top: level + 0.16,
    bottom: level + 0.24,
    colour: mix(colour, easel.light.water, 0.4),
  });
}
