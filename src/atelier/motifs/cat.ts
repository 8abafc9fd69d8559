/** @file A sitting cat on a floor or a sill. */
import { clamp, hex, mix, type Rgb, smoothstep, times } from '../colour.ts';
import { all, below, curve, ellipse, limb, polygon, rectangle, union, within } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';
import { castShadow, onBall } from './landscape.ts';

/** fur, stripe or patch, chest */
const COATS: readonly (readonly [string, string, string])[] = [
  ['#d98a3f', '#a85a24', '#f4e3c8'],
  ['#3a3638', '#232022', '#4a4648'],
  ['#9a958e', '#5f5b58', '#e9e6e0'],
  ['#efe8dc', '#d9a05a', '#ffffff'],
  ['#7a5a42', '#4a3426', '#d9c3a3'],
];

export const cat: Motif = {
  id: 'cat',
  phrase: 'a cat',
  titles: ['The House Cat', 'Waiting', 'On the Sill', 'Afternoon Visitor'],
  hours: ['noon', 'gold', 'cloudy', 'dawn'],
  draw(easel) {
    const { light, random, between, rough, noise } = easel;
    room(easel);
    const [fur, mark, chest] = random.pick(COATS).map(hex) as [Rgb, Rgb, Rgb];
    const x = between(0.44, 0.56);
    const foot = between(0.86, 0.9);
    castShadow(easel, x - light.side * 0.1, foot, 0.3, 0.04);
    const tail = random.pick([-1, 1]);
    const pelt = (px: number, py: number): Rgb => {
      const stripes = smoothstep(
        0.25,
        0.6,
        Math.sin(40 * (py + 0.35 * (px - x) ** 2) + 3 * noise(7 * px, 7 * py)),
      );
      return times(mix(fur, mark, 0.65 * stripes), 1 + 0.16 * rough(26 * px, 18 * py));
    };
    const coat: Coat = { pelt, chest };
    trunk(easel, coat, { x, foot, tail });
    const tilt = between(-0.02, 0.02);
    const head: Head = { x: x + tilt, y: foot - 0.52, r: between(0.135, 0.15) };
    skull(easel, coat, head);
    eyes(easel, head);
    muzzle(easel, head);
  },
};

interface Coat {
  readonly pelt: (x: number, y: number) => Rgb;
  readonly chest: Rgb;
}

interface Head {
  readonly x: number;
  readonly y: number;
  readonly r: number;
}

/** Wall, window and floor. */
function room({ light, fill, random, between, rough, noise }: Easel): void {
  const { side } = light;
  const wall = random.pick(['#7f9fa8', '#c98f6b', '#8a9a6f', '#d9c08f', '#6b5f7f', '#a8544a'].map(hex));
  fill(
    all,
    (x, y) =>
      times(
        light.lit(wall, clamp(0.95 - 0.8 * Math.hypot(x - light.x, y - 0.2))),
        1 + 0.12 * rough(3 * x, 3 * y),
      ),
    { flow: (x, y) => Math.PI / 2 + 0.5 * noise(2 * x, 2 * y) },
  );
  if (random.uniform() < 0.6) {
    const wx = side < 0 ? 0.17 : 0.83;
    fill(rectangle(wx - 0.15, 0.06, wx + 0.15, 0.46), light.lit(hex('#efe6d2'), 0.8));
    fill(
      rectangle(wx - 0.125, 0.085, wx + 0.125, 0.435),
      (x, y) => mix(light.zenith, light.horizon, smoothstep(0.1, 0.45, y + 0.05 * rough(5 * x, 5 * y))),
      { flow: 0.3 },
    );
    fill(rectangle(wx - 0.008, 0.085, wx + 0.008, 0.435), light.lit(hex('#efe6d2'), 0.8));
    fill(rectangle(wx - 0.125, 0.25, wx + 0.125, 0.266), light.lit(hex('#efe6d2'), 0.8), { part: true });
  }
  const floor = between(0.7, 0.76);
  const boards = random.pick(['#a8744a', '#8a5f4a', '#c2a27a', '#6f7a82'].map(hex));
  fill(
    below(() => floor),
    (x, y) =>
      times(light.lit(boards, clamp(0.9 - 0.6 * Math.abs(x - light.x))), 1 + 0.14 * rough(4 * x, 26 * y)),
    { flow: 0 },
  );
}

/** Tail, body and paws. */
function trunk(
  { light, fill }: Easel,
  { pelt, chest }: Coat,
  { x, foot, tail }: { x: number; foot: number; tail: number },
): void {
  const { side } = light;
  fill(
    limb(
      curve(
        [x + tail * 0.16, foot - 0.03],
        [x + tail * 0.42, foot + 0.04],
        [x + tail * 0.36, foot - 0.24],
        12,
      ),
      0.036,
      0.026,
    ),
    (px, py) => light.lit(pelt(px, py), clamp(0.6 + side * (px - x))),
    { detail: 0.1 },
  );
  const body = union(ellipse(x, foot - 0.17, 0.2, 0.185), ellipse(x, foot - 0.3, 0.145, 0.2));
  fill(
    body,
    (px, py) => {
      const bib = smoothstep(0.085, 0.05, Math.abs(px - x) + 0.15 * Math.abs(py - foot + 0.28));
      return light.lit(
        mix(pelt(px, py), chest, bib),
        smoothstep(0.1, 0.9, onBall(x, foot - 0.22, 0.26, side, px, py)),
      );
    },
    { flow: (px) => Math.PI / 2 - 2.2 * (px - x) },
  );
  for (const paw of [-1, 1]) {
    fill(
      limb(
        [
          [x + paw * 0.055, foot - 0.2],
          [x + paw * 0.06, foot - 0.02],
        ],
        0.042,
        0.038,
      ),
      (px, py) =>
        light.lit(
          mix(pelt(px, py), chest, smoothstep(foot - 0.1, foot - 0.03, py)),
          clamp(0.6 + 4 * side * (px - x - paw * 0.055)),
        ),
      { flow: Math.PI / 2, detail: 0.2 },
    );
    fill(ellipse(x + paw * 0.068, foot - 0.012, 0.055, 0.03), light.lit(chest, 0.7), { detail: 0.3 });
  }
}

function skull({ light, fill }: Easel, { pelt, chest }: Coat, { x: hx, y: hy, r }: Head): void {
  const { side } = light;
  for (const ear of [-1, 1]) {
    const tip = [hx + ear * r * 0.86, hy - r * 1.45] as const;
    fill(
      polygon([[hx + ear * r * 0.98, hy - r * 0.2], tip, [hx + ear * r * 0.18, hy - r * 0.8]], 0.012),
      (px, py) => light.lit(pelt(px, py), ear === side ? 0.85 : 0.45),
    );
    fill(
      polygon([
        [hx + ear * r * 0.84, hy - r * 0.5],
        [hx + ear * r * 0.8, hy - r * 1.2],
        [hx + ear * r * 0.42, hy - r * 0.8],
      ]),
      light.lit(hex('#d98f86'), 0.7),
      { detail: 0.4 },
    );
  }
  fill(
    ellipse(hx, hy, r * 1.14, r),
    (px, py) => {
      const muzzle = smoothstep(
        1,
        0.6,
        Math.hypot((px - hx) / (r * 0.62), (py - hy - r * 0.45) / (r * 0.55)),
      );
      return light.lit(
        mix(pelt(px, py), chest, 0.85 * muzzle),
        smoothstep(0.08, 0.85, onBall(hx, hy, r * 1.15, side, px, py)),
      );
    },
    { detail: 0.35 },
  );
}

function eyes({ light, fill, random }: Easel, { x: hx, y: hy, r }: Head): void {
  const { side } = light;
  const iris = random.pick(['#c9d34a', '#e0a83a', '#7fb8a0', '#6fa8cf'].map(hex));
  for (const eye of [-1, 1]) {
    const ex = hx + eye * r * 0.47;
    const ey = hy - r * 0.05;
    const almond = within(
      ellipse(ex, ey + r * 0.1, r * 0.27, r * 0.29),
      ellipse(ex, ey - r * 0.1, r * 0.27, r * 0.29),
    );
    fill({ ...almond, distance: (px, py) => almond.distance(px, py) - 0.007 }, hex('#1c1614'), {
      detail: 0.9,
    });
    fill(almond, iris, { detail: 1 });
    fill(ellipse(ex, ey, r * 0.075, r * 0.18), hex('#0e0b0a'), { detail: 1 });
    fill(ellipse(ex + side * r * 0.07, ey - r * 0.08, r * 0.04), hex('#ffffff'), { detail: 1, part: true });
  }
}

/** Nose, mouth and whiskers. */
function muzzle({ fill }: Easel, { x: hx, y: hy, r }: Head): void {
  const nose = hy + r * 0.34;
  fill(
    polygon(
      [
        [hx - r * 0.13, nose],
        [hx + r * 0.13, nose],
        [hx, nose + r * 0.14],
      ],
      0.004,
    ),
    hex('#c9766e'),
    { detail: 0.9 },
  );
  for (const cheek of [-1, 1]) {
    fill(
      limb(
        curve(
          [hx, nose + r * 0.14],
          [hx + cheek * r * 0.06, nose + r * 0.36],
          [hx + cheek * r * 0.28, nose + r * 0.26],
        ),
        0.005,
        0.003,
      ),
      hex('#3a2620'),
      { detail: 0.8, part: true },
    );
    for (const whisker of [-0.08, 0.03, 0.14]) {
      fill(
        limb(
          [
            [hx + cheek * r * 0.4, nose + r * 0.12],
            [hx + cheek * r * 1.5, nose + r * (whisker * 3)],
          ],
          0.003,
          0.0015,
        ),
        hex('#f7f2ea'),
        { detail: 0.3, part: true },
      );
    }
  }
}
