/** @file Large blooms with stems and leaves before a plain wall or a garden blur. */
import { clamp, hex, mix, type Rgb, smoothstep, times } from '../colour.ts';
import { all, curve, ellipse, limb, type Point } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';

const PETALS = ['#f2b33d', '#d9483b', '#e88aa8', '#f4efe6', '#8c6bc0', '#e8713a', '#5b82cf'].map(hex);
const WALLS = ['#7fb0b5', '#e6d3a3', '#3f5f6b', '#b7c9a2', '#5a4a66', '#d9a58c', '#2f4a3c'].map(hex);

export const flower: Motif = {
  id: 'flower',
  phrase: 'a flower',
  titles: ['In Full Bloom', 'Three Stems', 'From the Garden', 'Open to the Light'],
  hours: ['dawn', 'noon', 'cloudy', 'gold'],
  draw(easel) {
    const { light, fill, random, between, rough, noise } = easel;
    const wall = random.pick(WALLS);
    fill(
      all,
      (x, y) =>
        mix(
          light.lit(times(wall, 1 + 0.18 * rough(3 * x, 3 * y)), 0.9),
          times(wall, 0.5),
          smoothstep(0.3, 1.2, Math.hypot(x - light.x, y - 0.2)),
        ),
      { flow: (x, y) => 0.8 + 1.4 * noise(2 * x, 2 * y) },
    );
    const colour = random.pick(PETALS);
    const heads: { at: Point; r: number }[] = [
      { at: [between(0.42, 0.58), between(0.3, 0.4)], r: between(0.2, 0.26) },
    ];
    const others = random.int(3);
    for (let k = 0; k < others; k++) {
      heads.push({
        at: [k === 0 ? between(0.14, 0.24) : between(0.78, 0.88), between(0.44, 0.62)],
        r: between(0.11, 0.15),
      });
    }
    const root: Point = [between(0.45, 0.55), 1.05];
    heads.sort((a, b) => a.r - b.r);
    for (const { at, r } of heads) {
      stem(easel, at, root, r);
      bloom(easel, { at, r, colour });
    }
  },
};

function stem(easel: Easel, from: Point, root: Point, r: number): void {
  const { light, fill, between, rough } = easel;
  const green = light.lit(hex('#4f8a3d'), 0.7);
  const middle: Point = [from[0] + between(-0.04, 0.04), 0.75];
  fill(
    limb(curve(from, middle, root, 10), r * 0.07, r * 0.09),
    (x, y) => times(green, 1 + 0.25 * rough(40 * x, 7 * y)),
    { flow: Math.PI / 2 },
  );
  for (const turn of [-1, 1]) {
    const y = between(0.68, 0.88);
    const x = middle[0] + (root[0] - middle[0]) * 0.4;
    const angle = turn * between(0.4, 0.8);
    const length = between(0.13, 0.18);
    const cx = x + turn * length * Math.cos(angle);
    const cy = y - length * Math.abs(Math.sin(angle));
    fill(
      ellipse(cx, cy, length, length * 0.32, -angle),
      (px, py) => {
        const across = Math.sin(angle) * (px - cx) + Math.cos(angle) * (py - cy);
        const vein = smoothstep(0.012, 0.002, Math.abs(across));
        return mix(
          light.lit(times(hex('#5f9a48'), 1 + 0.25 * rough(9 * px, 9 * py)), clamp(0.75 - 5 * across)),
          light.lit(hex('#a8cf7e'), 0.9),
          0.5 * vein,
        );
      },
      { flow: -angle, detail: 0.2 },
    );
  }
}

function bloom(
  { light, fill, random, between, rough }: Easel,
  { at: [x, y], r, colour }: { at: Point; r: number; colour: Rgb },
): void {
  const petals = 9 + random.int(7);
  const turn = random.uniform() * Math.PI;
  const inner = mix(colour, hex('#7a1f2b'), 0.35);
  const tip = mix(colour, hex('#fffbe8'), 0.35);
  for (let ring = 0; ring < 2; ring++) {
    const long = r * (ring === 0 ? 0.56 : 0.42);
    for (let k = 0; k < petals; k++) {
      const angle = turn + (2 * Math.PI * (k + 0.5 * ring)) / petals + between(-0.08, 0.08);
      const reach = r * (ring === 0 ? 0.58 : 0.4);
      const cx = x + reach * Math.cos(angle);
      const cy = y + reach * Math.sin(angle) * 0.94;
      fill(
        ellipse(cx, cy, long, long * 0.4, angle),
        (px, py) => {
          const out = Math.hypot(px - x, py - y) / r;
          const base = mix(inner, mix(colour, tip, smoothstep(0.7, 1.1, out)), smoothstep(0.15, 0.75, out));
          const up = clamp(0.72 - 0.5 * Math.sin(angle) + 0.35 * rough(9 * px + k, 9 * py));
          return light.lit(times(base, ring === 0 ? 0.9 : 1.05), up);
        },
        { flow: angle, detail: 0.45 },
      );
    }
  }
  const eye = r * 0.27;
  fill(
    ellipse(x, y, eye, eye * 0.95),
    (px, py) =>
      mix(
        hex('#4a2a1c'),
        hex('#d99a2e'),
        clamp(
          0.5 + rough(60 * px, 60 * py) + 0.6 * smoothstep(0.4, 1, Math.hypot(px - x, py - y) / eye) - 0.3,
        ),
      ),
    { detail: 0.8 },
  );
}
