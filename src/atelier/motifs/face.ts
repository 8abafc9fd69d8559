/** @file A head-and-shoulders portrait, turned a little to one side. */
import { clamp, hex, luma, mix, type Rgb, smoothstep, times } from '../colour.ts';
import { all, below, curve, ellipse, limb, minus, polygon, union, within } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';
import { onBall } from './landscape.ts';

const SKINS = ['#f0c8a8', '#e3ac86', '#c68a62', '#9a6240', '#6f4630', '#f2d3bd'].map(hex);
const HAIRS = ['#2b1d18', '#5a3522', '#8f4f26', '#c99a4e', '#3a3a40', '#b8b2aa'].map(hex);
const CLOTHS = ['#2f4f7a', '#8f2f35', '#3f6b4f', '#d9a441', '#f0e6d2', '#5b3f6b', '#2a2c33'].map(hex);
const WALLS = ['#6f8f8a', '#b59a6e', '#3d4858', '#a86f5a', '#8a9a6b', '#d9c7a3', '#c9d3d0'].map(hex);
const EYES = ['#4a3524', '#4f7a8f', '#5f7a45', '#2f2a28'].map(hex);

interface Head {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  /** How far the features are moved by the turn of the head. */
  readonly turn: number;
  readonly skin: Rgb;
  readonly hair: Rgb;
}

export const face: Motif = {
  id: 'face',
  phrase: 'a face',
  titles: ['Portrait by a Window', 'The Neighbour', 'Study of a Head', 'A Quiet Sitter'],
  hours: ['noon', 'cloudy', 'gold', 'dawn'],
  draw(easel) {
    const { light, fill, random, between, rough, noise } = easel;
    const skin = random.pick(SKINS);
    const wall = random.pick(WALLS.filter((colour) => Math.abs(luma(colour) - luma(skin)) > 0.12));
    fill(
      all,
      (x, y) => times(light.lit(wall, clamp(1 - 0.7 * Math.abs(x - light.x))), 1 + 0.2 * rough(3 * x, 3 * y)),
      { flow: (x, y) => 0.9 + 1.3 * noise(2.2 * x, 2.2 * y) },
    );
    const rx = between(0.165, 0.19);
    const head: Head = {
      x: between(0.46, 0.54),
      y: between(0.4, 0.44),
      rx,
      ry: rx * between(1.26, 1.38),
      turn: random.sign() * between(0.015, 0.04),
      skin,
      hair: random.pick(HAIRS),
    };
    const style = random.pick(['long', 'short', 'bun', 'hat', 'scarf'] as const);
    if (style === 'long') longHair(easel, head);
    if (style === 'bun')
      fill(ellipse(head.x - head.turn, head.y - head.ry * 1.2, rx * 0.42), strand(easel, head));
    bust(easel, head, random.pick(CLOTHS));
    skull(easel, head);
    features(easel, head, random.pick(EYES));
    if (style === 'hat') hat(easel, head, random.pick(CLOTHS));
    else if (style === 'scarf') scarf(easel, head, random.pick(CLOTHS));
    else fringe(easel, head);
  },
};

const strand =
  ({ light, rough }: Easel, { x: cx, hair }: Head) =>
  (x: number, y: number): Rgb =>
    times(
      light.lit(hair, clamp(0.55 + 2 * light.side * (x - cx) + 0.4 * rough(30 * (x - cx), 6 * y))),
      1 + 0.25 * rough(44 * x, 9 * y),
    );

function longHair(easel: Easel, head: Head): void {
  const { x, y, rx, ry } = head;
  easel.fill(
    union(
      ellipse(x, y - 0.06, rx * 1.32, ry * 1.12),
      polygon(
        [
          [x - rx * 1.3, y - 0.05],
          [x + rx * 1.3, y - 0.05],
          [x + rx * 1.35, y + ry * 1.25],
          [x - rx * 1.35, y + ry * 1.25],
        ],
        0.03,
      ),
    ),
    strand(easel, head),
    { flow: (px) => Math.PI / 2 - 0.8 * (px - x) },
  );
}

function bust({ light, fill, rough }: Easel, { x, y, rx, ry, skin }: Head, cloth: Rgb): void {
  const { side } = light;
  const chin = y + ry;
  fill(
    below(
      (px) =>
        chin +
        0.07 +
        0.9 * (px - x) ** 2 +
        (Math.abs(px - x) > 0.33 ? 4 * (Math.abs(px - x) - 0.33) ** 2 * 4 : 0),
    ),
    (px, py) =>
      light.lit(
        times(cloth, 1 + 0.22 * rough(8 * px, 5 * py)),
        clamp(0.5 + 1.2 * side * (px - x) - 0.4 * (py - chin)),
      ),
    { flow: (px) => Math.PI / 2 - 1.4 * (px - x) },
  );
  const neck = polygon(
    [
      [x - rx * 0.5, y + ry * 0.5],
      [x + rx * 0.5, y + ry * 0.5],
      [x + rx * 0.62, chin + 0.1],
      [x, chin + 0.17],
      [x - rx * 0.62, chin + 0.1],
    ],
    0.012,
  );
  fill(
    neck,
    (px, py) =>
      light.lit(times(skin, 0.92), clamp(0.45 + 2.2 * side * (px - x) - 2.5 * Math.max(0, chin + 0.06 - py))),
    { flow: Math.PI / 2 },
  );
  fill(
    limb(
      [
        [x - rx * 0.75, chin + 0.085],
        [x, chin + 0.19],
        [x + rx * 0.75, chin + 0.085],
      ],
      0.016,
    ),
    light.lit(mix(cloth, hex('#f6efe0'), 0.7), 0.8),
    { detail: 0.2 },
  );
}

function skull({ light, fill, rough }: Easel, { x, y, rx, ry, turn, skin }: Head): void {
  const { side } = light;
  for (const ear of [-1, 1])
    fill(
      ellipse(x + ear * rx * 1.0 - turn, y + 0.02, rx * 0.16, ry * 0.2),
      light.lit(mix(skin, hex('#c25b48'), 0.25), ear === side ? 0.8 : 0.3),
      { detail: 0.3 },
    );
  const jaw = union(
    ellipse(x, y - ry * 0.18, rx, ry * 0.82),
    ellipse(x + turn * 0.5, y + ry * 0.3, rx * 0.8, ry * 0.7),
  );
  fill(
    jaw,
    (px, py) => {
      const lit =
        onBall(x + side * 0.02, y - 0.02, ry * 1.05, side, px, py) + 0.32 * side * ((px - x) / rx) * 0.6;
      const blush = Math.max(
        ...[-1, 1].map((cheek) =>
          Math.exp(-((px - x - turn - cheek * rx * 0.52) ** 2 + (py - y - ry * 0.28) ** 2) / 0.0024),
        ),
      );
      const surface = mix(skin, hex('#cf5f4f'), 0.3 * blush);
      return times(light.lit(surface, smoothstep(0.12, 0.95, lit)), 1 + 0.05 * rough(9 * px, 9 * py));
    },
    { detail: 0.3, flow: (px, py) => Math.atan2((py - y) / ry, (px - x) / rx) + Math.PI / 2 },
  );
}

function features(easel: Easel, head: Head, iris: Rgb): void {
  const { light, between } = easel;
  const { skin, turn } = head;
  const dark = light.lit(mix(times(skin, 0.55), hex('#5a2a24'), 0.4), 0.4);
  const front = { ...head, x: head.x + turn, y: head.y - head.ry * 0.02 };
  const gaze = between(-0.25, 0.25);
  for (const side of [-1, 1]) eye(easel, front, { eye: side, gaze, iris, dark });
  nose(easel, front, dark);
  mouth(easel, front, dark);
}

function eye(
  { light, fill }: Easel,
  { x, y, rx, skin, hair }: Head,
  { eye, gaze, iris, dark }: { eye: number; gaze: number; iris: Rgb; dark: Rgb },
): void {
  const { side } = light;
  const ex = x + eye * rx * 0.42;
  const w = rx * 0.23;
  const almond = within(ellipse(ex, y + w * 0.32, w, w * 0.85), ellipse(ex, y - w * 0.32, w, w * 0.85));
  fill(ellipse(ex, y - w * 0.15, w * 1.3, w * 0.85), light.lit(times(skin, 0.82), 0.45), {
    soft: 0.02,
    veil: true,
  });
  fill(almond, light.lit(hex('#f4efe6'), 0.85), { detail: 1 });
  fill(within(ellipse(ex + gaze * w, y - w * 0.04, w * 0.46), almond), iris, { detail: 1 });
  fill(within(ellipse(ex + gaze * w, y - w * 0.04, w * 0.22), almond), hex('#120d0c'), {
    detail: 1,
    part: true,
  });
  fill(ellipse(ex + gaze * w + side * w * 0.16, y - w * 0.2, w * 0.11), hex('#ffffff'), {
    detail: 1,
    part: true,
  });
  fill(
    limb(
      curve([ex - w * 1.05, y + w * 0.06], [ex, y - w * 1.0], [ex + w * 1.05, y + w * 0.06]),
      w * 0.11,
      w * 0.09,
    ),
    times(dark, 0.6),
    { detail: 1 },
  );
  fill(
    limb(
      curve([ex - eye * w * 1.1, y - w * 1.05], [ex, y - w * 1.75], [ex + eye * w * 1.35, y - w * 0.95]),
      w * 0.17,
      w * 0.08,
    ),
    times(light.lit(hair, 0.5), 0.85),
    { detail: 0.8 },
  );
}

function nose({ light, fill }: Easel, { x, y, rx, ry, turn, skin }: Head, dark: Rgb): void {
  const { side } = light;
  const tip = y + ry * 0.38;
  fill(
    limb(
      curve(
        [x + turn * 0.4 - side * rx * 0.1, y + ry * 0.02],
        [x + turn - side * rx * 0.1, y + ry * 0.2],
        [x + turn * 1.2 - side * rx * 0.17, tip],
      ),
      rx * 0.035,
      rx * 0.07,
    ),
    light.lit(times(skin, 0.78), 0.25),
    { soft: 0.012, veil: true },
  );
  fill(
    limb(
      [
        [x + turn * 0.8 + side * rx * 0.03, y + ry * 0.08],
        [x + turn + side * rx * 0.03, tip - 0.01],
      ],
      rx * 0.03,
      rx * 0.06,
    ),
    light.lit(mix(skin, hex('#fff6e8'), 0.5), 1),
    { soft: 0.012, veil: true },
  );
  for (const nostril of [-1, 1])
    fill(
      ellipse(x + turn + nostril * rx * 0.09, tip + rx * 0.06, rx * 0.045, rx * 0.028),
      times(dark, 0.75),
      { part: true, detail: 0.8 },
    );
}

function mouth({ light, fill, between }: Easel, { x, y, rx, ry, skin }: Head, dark: Rgb): void {
  const my = y + ry * 0.6;
  const lips = light.lit(mix(skin, hex('#b23a40'), 0.62), 0.7);
  const w = rx * between(0.3, 0.38);
  const smile = between(-0.1, 0.35) * w;
  fill(
    union(
      limb(curve([x - w, my - smile * 0.5], [x, my + smile], [x + w, my - smile * 0.5]), rx * 0.055),
      ellipse(x, my + rx * 0.06 + smile * 0.3, w * 0.6, rx * 0.085),
    ),
    lips,
    { detail: 0.9, flow: 0 },
  );
  fill(
    limb(
      curve([x - w * 1.08, my - smile * 0.6], [x, my + smile * 0.9], [x + w * 1.08, my - smile * 0.6]),
      rx * 0.014,
    ),
    times(dark, 0.7),
    { detail: 0.9, part: true },
  );
  fill(ellipse(x, my + rx * 0.26, w * 0.7, rx * 0.06), light.lit(times(skin, 0.8), 0.35), {
    soft: 0.02,
    veil: true,
  });
}

function fringe(easel: Easel, head: Head): void {
  const { x, y, rx, ry, turn } = head;
  const parting = turn > 0 ? -1 : 1;
  const cap = ellipse(x, y - ry * 0.26, rx * 1.12, ry * 0.86);
  const brow = ellipse(x + turn * 1.5 + parting * rx * 0.18, y + ry * 0.28, rx * 0.98, ry * 0.9);
  easel.fill(minus(cap, brow), strand(easel, head), {
    flow: (px, py) => Math.atan2(py - y, px - x) + Math.PI / 2,
    detail: 0.2,
  });
}

function hat(easel: Easel, { x, y, rx, ry }: Head, cloth: Rgb): void {
  const { light, fill, rough } = easel;
  const { side } = light;
  const felt = (px: number, py: number): Rgb =>
    light.lit(
      times(cloth, 1 + 0.15 * rough(12 * px, 12 * py)),
      clamp(0.5 + 2 * side * (px - x) - (py - y + ry)),
    );
  const brim = y - ry * 0.5;
  fill(
    polygon(
      [
        [x - rx * 0.95, brim],
        [x - rx * 0.8, brim - ry * 0.66],
        [x + rx * 0.8, brim - ry * 0.66],
        [x + rx * 0.95, brim],
      ],
      0.02,
    ),
    felt,
    { flow: 0.2 },
  );
  fill(rectangleBand(x, brim, rx), light.lit(mix(cloth, hex('#f3e3b8'), 0.7), 0.7), { flow: 0 });
  fill(ellipse(x, brim + 0.01, rx * 1.62, ry * 0.16), (px, py) => times(felt(px, py), 0.9), { flow: 0 });
}

const rectangleBand = (x: number, brim: number, rx: number) =>
  polygon([
    [x - rx * 0.97, brim - 0.006],
    [x - rx * 0.93, brim - 0.05],
    [x + rx * 0.93, brim - 0.05],
    [x + rx * 0.97, brim - 0.006],
  ]);

function scarf(easel: Easel, { x, y, rx, ry }: Head, cloth: Rgb): void {
  const { light, fill, rough } = easel;
  const opening = ellipse(x, y + ry * 0.16, rx * 0.9, ry * 0.84);
  const shade = (px: number, py: number): Rgb =>
    light.lit(
      times(cloth, 1 + 0.3 * rough(5 * px, 16 * py)),
      clamp(0.55 + 2 * light.side * (px - x) - 0.5 * (py - y)),
    );
  fill(
    minus(
      union(ellipse(x, y - ry * 0.08, rx * 1.2, ry * 1.06), ellipse(x, y + ry * 0.5, rx * 1.08, ry * 0.62)),
      opening,
    ),
    shade,
    { flow: (px, py) => Math.atan2(py - y, px - x) + Math.PI / 2 },
  );
}
