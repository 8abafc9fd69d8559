/** @file Things that stand in several motifs: sky, hills, ground, water, trees, houses, round fruit. */
import { clamp, hex, mix, type Rgb, smoothstep, times } from '../colour.ts';
import {
  all,
  below,
  blob,
  curve,
  ellipse,
  limb,
  type Point,
  perColumn,
  polygon,
  rectangle,
  type Shape,
  slopeOf,
} from '../shapes.ts';
import type { Easel } from './define.ts';

/** How much light falls on a ball's surface at (x, y): 0 in shade, 1 facing the light from the upper side. */
export const onBall = (cx: number, cy: number, r: number, side: number, x: number, y: number): number => {
  const u = (x - cx) / r;
  const v = (y - cy) / r;
  const depth = Math.sqrt(Math.max(0, 1 - u * u - v * v));
  return clamp(0.42 + 0.5 * (side * u * 0.6 - v * 0.62) + 0.28 * depth);
};

/** Sky to the bottom of the picture, with sun or moon and clouds; stars at night. */
export function sky({ light, fill, random, between, noise, rough }: Easel, clouds = 1): void {
  const { zenith, horizon, disc, x: sx, y: sy } = light;
  const night = light.hour === 'night';
  fill(
    all,
    (x, y) => {
      const glow = Math.exp(-9 * ((x - sx) ** 2 + (y - sy) ** 2));
      const base = mix(zenith, horizon, smoothstep(-0.05, 0.62, y + 0.04 * noise(3 * x, 5 * y)));
      return mix(base, disc, glow * (night ? 0.3 : 0.5));
    },
    { flow: (x, y) => 0.7 * noise(2.2 * x, 3.1 * y) },
  );
  if (light.hour !== 'cloudy') {
    const around = (x: number, y: number): number => Math.atan2(y - sy, x - sx) + Math.PI / 2;
    fill(ellipse(sx, sy, night ? 0.05 : 0.06), disc, { flow: around, detail: 0.4 });
  }
  if (night) {
    const stars = 12 + random.int(14);
    for (let k = 0; k < stars; k++) {
      const r = between(0.004, 0.009);
      fill(ellipse(between(0, 1), between(0, 0.45), r), mix(disc, zenith, 0.15), {
        detail: 0.6,
        part: k > 0,
      });
    }
  }
  const count = Math.round(clouds * between(1, light.hour === 'cloudy' ? 6 : 4));
  const lightCloud = night ? mix(zenith, horizon, 0.9) : mix(disc, hex('#ffffff'), 0.35);
  for (let k = 0; k < count; k++) {
    const cx = between(0, 1);
    const cy = between(0.06, 0.36);
    const w = between(0.08, 0.2);
    for (let puff = 0; puff < 5; puff++) {
      const px = cx + (puff - 2) * w * 0.5;
      const r = w * (0.32 - 0.055 * Math.abs(puff - 2)) * between(0.85, 1.2);
      fill(
        blob(px, cy - r * 0.25, r * 1.5, r * 0.8, rough, 0.4),
        (_, y) => mix(lightCloud, mix(horizon, zenith, 0.55), smoothstep(cy - r, cy + r * 0.7, y)),
        { soft: 0.025, part: puff > 0, flow: (x, y) => 0.9 * noise(4 * x, 6 * y) },
      );
    }
  }
}

/** A range of hills whose crest runs about `level`. */
export function hills(
  { fill, random, noise, rough }: Easel,
  { level, height, colour, scale = 2.5 }: { level: number; height: number; colour: Rgb; scale?: number },
): void {
  const shift = 40 * random.uniform();
  const crest = perColumn(
    (x) => level - height * (0.5 + 0.5 * noise(scale * x + shift, shift)) + 0.012 * rough(12 * x, shift),
  );
  fill(
    below(crest),
    (x, y) => times(colour, 1 + 0.14 * rough(7 * x + shift, 9 * y) - 0.35 * (y - crest(x))),
    { flow: slopeOf(crest) },
  );
}

/** Open ground from `level` down, lighter towards the crest. */
export function meadow(easel: Easel, level: number, colour: Rgb = easel.light.grass): void {
  const { light, fill, noise, rough } = easel;
  const crest = (x: number): number => level + 0.02 * noise(2 * x, 9);
  fill(
    below(crest),
    (x, y) => {
      const depth = (y - level) / (1 - level);
      const near = mix(mix(colour, light.far, 0.35), times(colour, 0.72), depth);
      return times(near, 1 + 0.16 * rough(6 * x, 16 * y));
    },
    { flow: (x, y) => 0.35 * noise(3 * x, 6 * y) },
  );
}

/** Water from `level` down to `bottom`, mirroring the sky, with glitter under the sun. */
export function water({ light, fill, noise, rough }: Easel, level: number, bottom = 1): void {
  fill(
    below(() => level, bottom),
    (x, y) => {
      const depth = (y - level) / (bottom - level);
      const mirrored = mix(light.horizon, light.zenith, smoothstep(0, 0.9, depth));
      const ripple = rough(5 * x, 26 * (y + 0.3 * depth));
      const column = Math.exp(-((x - light.x) ** 2) / (0.003 + 0.02 * depth));
      const glitter =
        column * smoothstep(0.0, 0.5, rough(9 * x + 3, 50 * y)) * (light.hour === 'cloudy' ? 0.2 : 0.85);
      const body = times(mix(mirrored, light.water, 0.45 + 0.3 * depth), 1 + 0.2 * ripple);
      return mix(body, light.disc, glitter);
    },
    { flow: (x, y) => 0.18 * noise(6 * x, 14 * y) },
  );
}

/** Broad-leaved tree with its foot at (x, y). */
export function broadleaf(easel: Easel, x: number, y: number, height: number): void {
  const { light, fill, between, rough, random } = easel;
  const { side } = light;
  const bark = light.lit(hex('#6e4f3a'), 0.5);
  const lean = between(-0.05, 0.05) * height;
  const fork: Point = [x + lean, y - 0.5 * height];
  const trunk = curve([x, y], [x + lean * 0.2, y - 0.3 * height], fork);
  const barkShade = (px: number, py: number): Rgb =>
    times(light.lit(bark, 0.5 + (0.4 * side * (px - x)) / (0.05 * height)), 1 + 0.2 * rough(40 * px, 8 * py));
  fill(limb(trunk, 0.05 * height, 0.028 * height), barkShade, { flow: Math.PI / 2 + lean });
  for (const to of [-0.26, 0.24, 0.04]) {
    const tip: Point = [x + lean + to * height, y - between(0.66, 0.82) * height];
    fill(
      limb(
        curve(fork, [fork[0] + to * 0.2 * height, tip[1] + 0.1 * height], tip, 5),
        0.024 * height,
        0.008 * height,
      ),
      barkShade,
      { part: true },
    );
  }
  const puffs = 12 + random.int(6);
  for (let k = 0; k < puffs; k++) {
    const angle = (2 * Math.PI * k * 0.618) % (2 * Math.PI);
    const reach = 0.31 * height * Math.sqrt((k + 0.5) / puffs);
    const cx = x + lean + reach * Math.cos(angle);
    const cy = y - 0.72 * height + 0.78 * reach * Math.sin(angle);
    const r = height * between(0.1, 0.16);
    foliage(easel, cx, cy, r, {
      part: k > 0,
      tone: clamp(0.5 - (cy - (y - 0.72 * height)) / (0.7 * height)),
    });
  }
}

/** One cushion of leaves. */
export function foliage(
  { light, fill, rough }: Easel,
  cx: number,
  cy: number,
  r: number,
  { part, tone = 0.5 }: { part: boolean; tone?: number },
): void {
  const { side } = light;
  fill(
    blob(cx, cy, r * 1.15, r, rough, 0.45),
    (x, y) => {
      const lit = onBall(cx, cy, r * 1.1, side, x, y) * 0.75 + 0.35 * tone + 0.3 * rough(26 * x, 26 * y);
      return mix(light.leafShade, light.leaf, clamp(lit));
    },
    { part, flow: (x, y) => 0.6 + 1.2 * rough(5 * x, 5 * y) },
  );
}

/** Cypress or poplar: a flame with its foot at (x, y). */
export function cypress(
  { light, fill, rough }: Easel,
  x: number,
  y: number,
  height: number,
  part = false,
): void {
  const { side } = light;
  const w = 0.13 * height;
  const flame = polygon(
    [
      [x - 0.5 * w, y],
      [x - w, y - 0.3 * height],
      [x - 0.55 * w, y - 0.72 * height],
      [x, y - height],
      [x + 0.5 * w, y - 0.7 * height],
      [x + w, y - 0.3 * height],
      [x + 0.5 * w, y],
    ],
    0.006,
  );
  fill(
    { ...flame, distance: (px, py) => flame.distance(px, py) + 0.1 * w * rough(22 * px, 14 * py) },
    (px, py) =>
      mix(
        light.leafShade,
        mix(light.leafShade, light.leaf, 0.75),
        clamp(0.4 + (side * (px - x)) / (2 * w) + 0.5 * rough(30 * px, 9 * py)),
      ),
    { part, flow: (px, py) => Math.PI / 2 + 0.5 * rough(4 * px, 4 * py) },
  );
}

/** Fir tree in tiers with its foot at (x, y). */
export function fir({ light, fill, rough }: Easel, x: number, y: number, height: number, part = false): void {
  const { side } = light;
  for (let tier = 0; tier < 4; tier++) {
    const top = y - height * (1 - 0.2 * tier);
    const w = height * (0.1 + 0.06 * tier);
    const foot = top + height * 0.36;
    fill(
      polygon([
        [x, top],
        [x + w, foot],
        [x, foot - 0.04 * height],
        [x - w, foot],
      ]),
      (px, py) =>
        mix(
          light.leafShade,
          mix(light.leafShade, light.leaf, 0.55),
          clamp(0.45 + (0.6 * side * (px - x)) / w + 0.3 * rough(20 * px, 20 * py)),
        ),
      { part: part || tier > 0, flow: (px) => (px < x ? -0.9 : 0.9) },
    );
  }
}

/** A gabled house whose front stands on `foot`: walls, roof, door, windows, chimney. */
export function house(
  { light, fill, between, random, rough }: Easel,
  { x, foot, width, wall, roof }: { x: number; foot: number; width: number; wall: Rgb; roof: Rgb },
): void {
  const height = width * between(0.5, 0.66);
  const { side } = light;
  const glow = light.hour === 'night' || light.hour === 'dusk';
  const pane = glow ? hex('#ffd774') : mix(light.zenith, hex('#2f3d4a'), 0.6);
  const gable = width * 0.36;
  const deep = width * 0.62; // the long side wall, seen aslant
  const eave = foot - height;
  const ridge = eave - width * between(0.36, 0.48);
  const front = x - (gable + deep) / 2;
  const corner = front + gable;
  const end = corner + deep;
  const grain = (px: number, py: number): number => 1 + 0.1 * rough(18 * px, 18 * py);
  const frontLight = side < 0 ? 0.95 : 0.35;
  const sideLight = side < 0 ? 0.45 : 0.9;
  fill(
    rectangle(corner + deep * 0.62, ridge - width * 0.1, corner + deep * 0.74, eave),
    light.lit(times(roof, 0.8), 0.6),
  );
  fill(rectangle(corner, eave, end, foot), (px, py) => times(light.lit(wall, sideLight), grain(px, py)), {
    flow: 0,
  });
  fill(
    polygon([
      [front, foot],
      [front, eave],
      [front + gable / 2, ridge],
      [corner, eave],
      [corner, foot],
    ]),
    (px, py) => times(light.lit(wall, frontLight), grain(px, py)),
    { flow: Math.PI / 2 },
  );
  const over = width * 0.035;
  fill(
    polygon([
      [front + gable / 2, ridge - over],
      [end - gable * 0.35, ridge - over],
      [end + over, eave + over],
      [corner + over * 0.4, eave + over],
    ]),
    (px, py) =>
      times(
        light.lit(roof, sideLight),
        1 + 0.12 * Math.sign(Math.sin(py * 260 + 2 * rough(20 * px, 3))) + 0.1 * rough(20 * px, 9 * py),
      ),
    { flow: 0.05 },
  );
  fill(
    limb(
      [
        [front - over, eave + over],
        [front + gable / 2, ridge - over],
        [corner + over * 0.4, eave + over],
      ],
      width * 0.022,
    ),
    light.lit(times(roof, 0.72), frontLight),
    { part: true },
  );
  const door = rectangle(front + gable * 0.36, foot - height * 0.52, front + gable * 0.64, foot);
  fill(door, light.lit(random.pick(['#3f6b6e', '#7a3b2e', '#38506e', '#5c4a2c'].map(hex)), frontLight), {
    detail: 0.6,
    flow: Math.PI / 2,
  });
  const windows = 3;
  for (let k = 0; k < windows; k++) {
    const wx = corner + (deep * (k + 0.5)) / windows;
    const frame = rectangle(wx - deep * 0.085, foot - height * 0.74, wx + deep * 0.085, foot - height * 0.34);
    fill(frame, light.lit(hex('#f2ead8'), sideLight), { detail: 0.6 });
    fill(rectangle(wx - deep * 0.062, foot - height * 0.7, wx + deep * 0.062, foot - height * 0.38), pane, {
      detail: 0.7,
    });
  }
  fill(ellipse(front + gable / 2, eave - width * 0.07, width * 0.038), pane, { detail: 0.7 });
}

/** A round fruit with its highlight and the shadow it casts on the table. */
export function fruit(
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

/** A soft dark spot on what lies under a thing. */
export function castShadow(
  { fill }: Pick<Easel, 'fill'>,
  x: number,
  y: number,
  rx: number,
  ry: number,
): void {
  const spot = ellipse(x, y, rx, ry);
  fill(spot, hex('#2a2230'), { soft: ry * 0.9, veil: true });
}

/** The mirror image of things on water is a column of their colour broken by ripples. */
export function reflection(
  { fill, rough }: Easel,
  {
    left,
    right,
    top,
    bottom,
    colour,
  }: { left: number; right: number; top: number; bottom: number; colour: Rgb },
): void {
  const middle = (left + right) / 2;
  const half = (right - left) / 2;
  const body: Shape = {
    box: [left - 0.03, top, right + 0.03, bottom],
    distance: (x, y) =>
      Math.max(
        Math.abs(x - middle) -
          half * (1 - 0.35 * ((y - top) / (bottom - top))) +
          0.045 * rough(3, 46 * y) +
          0.02 * rough(9 * x, 60 * y),
        top - y,
        y - bottom,
      ),
  };
  fill(body, (x, y) => times(colour, 0.92 + 0.15 * rough(6 * x, 40 * y)), {
    soft: 0.012,
    part: true,
    flow: 0,
  });
}
