/** @file Trees and bushes. */
import { clamp, hex, mix, type Rgb, times } from '../colour.ts';
import { blob, curve, limb, type Point, polygon } from '../shapes.ts';
import type { Easel } from './define.ts';

import { onBall } from './landscape.ts';

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
