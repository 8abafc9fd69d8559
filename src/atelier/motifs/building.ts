/** @file A gabled house, seen aslant. */
import { hex, mix, type Rgb, times } from '../colour.ts';
import { ellipse, limb, polygon, rectangle } from '../shapes.ts';
import type { Easel } from './define.ts';

/** Where the house's lines run, and how light falls on its two sides. */
interface Plan {
  readonly width: number;
  readonly height: number;
  readonly foot: number;
  readonly eave: number;
  readonly ridge: number;
  /** The gable stands between `front` and `corner`, the long side between `corner` and `end`. */
  readonly front: number;
  readonly corner: number;
  readonly end: number;
  readonly frontLight: number;
  readonly sideLight: number;
}

/** A gabled house whose front stands on `foot`: walls, roof, door, windows, chimney. */
export function house(
  easel: Easel,
  { x, foot, width, wall, roof }: { x: number; foot: number; width: number; wall: Rgb; roof: Rgb },
): void {
  const { light, between } = easel;
  const height = width * between(0.5, 0.66);
  const eave = foot - height;
  const ridge = eave - width * between(0.36, 0.48);
  const front = x - 0.49 * width;
  const corner = front + 0.36 * width;
  const end = corner + 0.62 * width;
  const frontLight = light.side < 0 ? 0.95 : 0.35;
  const sideLight = light.side < 0 ? 0.45 : 0.9;
  const plan: Plan = { width, height, foot, eave, ridge, front, corner, end, frontLight, sideLight };
  chimney(easel, plan, roof);
  walls(easel, plan, wall);
  roofing(easel, plan, roof);
  openings(easel, plan);
}

function chimney({ light, fill }: Easel, { width, ridge, eave, corner, end }: Plan, roof: Rgb): void {
  const deep = end - corner;
  fill(
    rectangle(corner + deep * 0.62, ridge - width * 0.1, corner + deep * 0.74, eave),
    light.lit(times(roof, 0.8), 0.6),
  );
}

function walls({ light, fill, rough }: Easel, plan: Plan, wall: Rgb): void {
  const { foot, eave, ridge, front, corner, end, frontLight, sideLight } = plan;
  const gable = corner - front;
  const grain = (px: number, py: number): number => 1 + 0.1 * rough(18 * px, 18 * py);
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
}

function roofing({ light, fill, rough }: Easel, plan: Plan, roof: Rgb): void {
  const { width, eave, ridge, front, corner, end, frontLight, sideLight } = plan;
  const gable = corner - front;
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
}

function openings({ light, fill, random }: Easel, plan: Plan): void {
  const { width, height, foot, eave, front, corner, end, frontLight, sideLight } = plan;
  const gable = corner - front;
  const deep = end - corner;
  const glow = light.hour === 'night' || light.hour === 'dusk';
  const pane = glow ? hex('#ffd774') : mix(light.zenith, hex('#2f3d4a'), 0.6);
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
