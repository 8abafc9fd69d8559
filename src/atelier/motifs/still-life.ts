/** @file A table with a bottle or jug, a bowl and fruit. */
import { clamp, hex, mix, type Rgb, smoothstep, times } from '../colour.ts';
import type { Light } from '../light.ts';
import { all, below, curve, ellipse, limb, polygon, union } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';
import { castShadow, onBall } from './landscape.ts';

const WALLS = ['#8fa5a0', '#c7a46e', '#4d5866', '#a9705a', '#d8c9a6', '#5f6b4a'].map(hex);
const CLOTHS = ['#f0e8d8', '#9a5b3d', '#b9c7cf', '#6b4632', '#d9b07a', '#3f5a5f'].map(hex);
const GLASSES = ['#2f5d4a', '#27455e', '#5c3a22', '#c9d6cf', '#b5543c', '#e9e2d0'].map(hex);
/** skin and blush: apple, orange, lemon, plum, pear */
const FRUITS: readonly (readonly [string, string])[] = [
  ['#c8372d', '#e0a23a'],
  ['#ea8a2e', '#f0a94a'],
  ['#f0d24a', '#e6b93a'],
  ['#5b3a6b', '#7a4a7f'],
  ['#a9bf4a', '#d9b84f'],
];

export const stillLife: Motif = {
  id: 'still-life',
  phrase: 'a still life',
  titles: ['Bottle and Fruit', 'The Blue Jug', 'Kitchen Table', 'After the Market'],
  hours: ['noon', 'cloudy', 'gold'],
  draw(easel) {
    const { light, random, between } = easel;
    const { side } = light;
    const edge = table(easel);

    const tall = 0.5 - side * between(0.12, 0.2);
    const glass = random.pick(GLASSES);
    const foot = edge + between(0.06, 0.1);
    castShadow(easel, tall - side * 0.1, foot, 0.15, 0.025);
    if (random.uniform() < 0.5) bottle(easel, tall, foot, glass);
    else jug(easel, tall, foot, glass);

    const bx = 0.5 + side * between(0.1, 0.18);
    const by = edge + between(0.12, 0.15);
    // Neighbours differ in kind: every second of the table, from a drawn start.
    const start = random.int(FRUITS.length);
    const skins = (k: number) => FRUITS[(start + 2 * k) % FRUITS.length]!.map(hex) as [Rgb, Rgb];
    for (let k = 0; k < 3; k++) {
      const [skin, blush] = skins(k);
      fruit(easel, {
        x: bx + (k - 1) * 0.105,
        y: by - 0.075 - (k === 1 ? 0.035 : 0),
        r: between(0.06, 0.07),
        skin,
        blush,
      });
    }
    bowl(easel, bx, by, random.pick(['#f2efe6', '#3f6a8a', '#c98a4a'].map(hex)));
    const loose = 2 + random.int(3);
    for (let k = 0; k < loose; k++) {
      const [skin, blush] = skins(k + 3);
      fruit(easel, {
        x: clamp(0.5 - side * 0.34 + side * k * between(0.15, 0.2), 0.1, 0.9),
        y: between(0.82, 0.9),
        r: between(0.062, 0.085),
        skin,
        blush,
      });
    }
  },
};

/** A wall and a table's cloth; gives the height of the table's far edge. */
function table({ light, fill, random, between, rough, noise }: Easel): number {
  const wall = random.pick(WALLS);
  fill(
    all,
    (x, y) =>
      times(
        light.lit(wall, clamp(0.95 - 0.9 * Math.hypot(x - light.x, y - 0.15))),
        1 + 0.16 * rough(3 * x, 3 * y),
      ),
    { flow: (x, y) => 0.8 + noise(2 * x, 2 * y) },
  );
  const edge = between(0.58, 0.64);
  const cloth = random.pick(CLOTHS);
  fill(
    below(() => edge),
    (x, y) =>
      light.lit(
        times(cloth, 1 + 0.14 * rough(3 * x + 2 * y, 12 * y)),
        clamp(0.9 - 0.5 * (y - edge) - 0.4 * Math.abs(x - light.x)),
      ),
    { flow: (x) => 0.15 * noise(3 * x, 1) },
  );
  return edge;
}

function glazed(light: Light, colour: Rgb, x: number, w: number): (px: number, py: number) => Rgb {
  const { side } = light;
  return (px) => {
    const u = (px - x) / w;
    const lit = light.lit(colour, clamp(0.55 + 0.5 * side * u - 0.25 * u * u));
    return mix(lit, hex('#fffdf5'), 0.75 * smoothstep(0.14, 0.05, Math.abs(u - side * 0.45)));
  };
}

function bottle({ light, fill, between, random }: Easel, x: number, foot: number, glass: Rgb): void {
  const h = between(0.46, 0.54);
  const w = h * 0.15;
  const body = polygon(
    [
      [x - w, foot],
      [x - w, foot - h * 0.55],
      [x - w * 0.34, foot - h * 0.76],
      [x - w * 0.34, foot - h],
      [x + w * 0.34, foot - h],
      [x + w * 0.34, foot - h * 0.76],
      [x + w, foot - h * 0.55],
      [x + w, foot],
    ],
    0.012,
  );
  fill(body, glazed(light, glass, x, w), { flow: Math.PI / 2, detail: 0.2 });
  fill(
    polygon([
      [x - w, foot - h * 0.16],
      [x - w, foot - h * 0.42],
      [x + w, foot - h * 0.42],
      [x + w, foot - h * 0.16],
    ]),
    light.lit(random.pick(['#efe2c2', '#d98a4a', '#e9e9e4'].map(hex)), 0.7),
    { flow: 0, detail: 0.4 },
  );
  fill(
    polygon([
      [x - w * 0.42, foot - h],
      [x - w * 0.42, foot - h * 1.06],
      [x + w * 0.42, foot - h * 1.06],
      [x + w * 0.42, foot - h],
    ]),
    light.lit(hex('#8a5a3a'), 0.6),
    { detail: 0.4 },
  );
}

function jug({ light, fill, between }: Easel, x: number, foot: number, clay: Rgb): void {
  const h = between(0.32, 0.4);
  const w = h * 0.34;
  const { side } = light;
  fill(
    limb(
      [
        [x - side * w * 0.5, foot - h * 0.86],
        [x - side * w * 1.5, foot - h * 0.8],
        [x - side * w * 1.45, foot - h * 0.45],
        [x - side * w * 0.8, foot - h * 0.32],
      ],
      h * 0.035,
    ),
    light.lit(clay, 0.35),
    { detail: 0.2 },
  );
  fill(
    union(
      ellipse(x, foot - h * 0.34, w, h * 0.35),
      polygon(
        [
          [x - w * 0.5, foot - h * 0.5],
          [x - w * 0.46, foot - h],
          [x + w * 0.46, foot - h],
          [x + w * 0.5, foot - h * 0.5],
        ],
        0.012,
      ),
    ),
    glazed(light, clay, x, w),
    { detail: 0.2 },
  );
  fill(ellipse(x, foot - h * 1.01, w * 0.54, h * 0.05), light.lit(times(clay, 0.45), 0.3), {
    detail: 0.4,
    flow: 0,
  });
}

function bowl({ light, fill }: Easel, x: number, y: number, clay: Rgb): void {
  const w = 0.2;
  const dish = polygon(
    [
      [x - w, y - 0.055],
      [x + w, y - 0.055],
      [x + w * 0.72, y + 0.035],
      [x + w * 0.4, y + 0.065],
      [x - w * 0.4, y + 0.065],
      [x - w * 0.72, y + 0.035],
    ],
    0.008,
  );
  castShadow({ fill }, x - light.side * 0.08, y + 0.065, 0.19, 0.024);
  fill(dish, glazed(light, clay, x, w), { flow: 0.05, detail: 0.1 });
  fill(
    limb(
      [
        [x - w, y - 0.058],
        [x + w, y - 0.058],
      ],
      0.009,
    ),
    light.lit(mix(clay, hex('#ffffff'), 0.5), 0.95),
    { part: true, flow: 0 },
  );
}

/** A round fruit with its highlight and the shadow it casts on the table. */
function fruit(
  { light, fill, rough }: Easel,
  { x, y, r, skin, blush }: { x: number; y: number; r: number; skin: Rgb; blush: Rgb },
): void {
  const { side } = light;
  castShadow({ fill }, x - side * r * 0.55, y + r * 0.86, r * 1.25, r * 0.3);
  const body = ellipse(x, y, r, r * 0.96);
  fill(
    body,
    (px, py) => {
      const lit = onBall(x, y, r, side, px, py);
      const skinHere = mix(skin, blush, clamp(0.5 + 0.9 * rough(3 * px + x * 9, 3 * py)));
      const spark = smoothstep(0.34, 0.05, Math.hypot(px - x - side * 0.36 * r, py - y + 0.4 * r) / r);
      return mix(light.lit(skinHere, smoothstep(0.1, 0.95, lit)), hex('#fffaf0'), 0.75 * spark);
    },
    { detail: 0.35, flow: (px, py) => Math.atan2(py - y, px - x) + Math.PI / 2 },
  );
  fill(
    limb(curve([x, y - r * 0.8], [x + r * 0.05, y - r], [x + r * 0.16, y - r * 1.18], 4), r * 0.06, r * 0.04),
    hex('#4a3524'),
    { detail: 0.5, part: true },
  );
}
