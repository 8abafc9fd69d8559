/** @file A street of tall houses with lit windows under an evening sky. */
import { hex, mix, type Rgb, smoothstep, times } from '../colour.ts';
import { below, ellipse, limb, polygon, rectangle } from '../shapes.ts';
import type { Easel, Motif } from './define.ts';
import { sky } from './landscape.ts';

const FACADES = ['#8f5a52', '#5c6784', '#a98a6a', '#6d5a7a', '#4f7278', '#b07a52'].map(hex);
const LAMP = hex('#ffcf6b');

export const city: Motif = {
  id: 'city',
  phrase: 'a city at night',
  titles: ['Lamps After Rain', 'The Avenue, Late', 'Windows', 'Last Tram'],
  hours: ['night', 'night', 'dusk'],
  draw(easel) {
    const { light, fill, random, between, rough } = easel;
    sky(easel, 0.6);
    const street = between(0.74, 0.8);
    for (const [row, base] of [
      [0, street - 0.06],
      [1, street],
    ] as const) {
      let x = -between(0, 0.08);
      while (x < 1) {
        const width = between(0.09, 0.17) + 0.04 * row;
        const centre = Math.abs(x + width / 2 - 0.5);
        const height = row === 0 ? between(0.34, 0.6) : between(0.22, 0.36) + 0.42 * centre;
        block(easel, { x, base, width, height, row });
        x += width + (row === 1 ? between(0, 0.05) : 0);
      }
    }
    fill(
      below(() => street),
      (x, y) => {
        const depth = (y - street) / (1 - street);
        const wet = smoothstep(0.1, 0.6, rough(26 * x, 5 * y) + 0.25);
        const stone = times(
          mix(light.zenith, hex('#6a5f70'), 0.45),
          1 - 0.25 * depth + 0.15 * rough(9 * x, 34 * y),
        );
        return mix(stone, LAMP, 0.45 * wet * (1 - 0.6 * depth) * (0.4 + 0.6 * Math.abs(rough(6 * x, 2))));
      },
      { flow: 0.02 },
    );
    const lamps = 2 + random.int(3);
    for (let k = 0; k < lamps; k++)
      streetLamp(easel, (k + between(0.3, 0.7)) / lamps, between(street + 0.04, 0.92));
    for (let k = random.int(4); k > 0; k--) walker(easel, between(0.12, 0.88), between(street + 0.07, 0.94));
  },
};

function block(
  { light, fill, random, between, rough }: Easel,
  { x, base, width, height, row }: { x: number; base: number; width: number; height: number; row: number },
): void {
  const facade = mix(
    light.lit(random.pick(FACADES), 0.25 + 0.35 * row),
    light.horizon,
    row === 0 ? 0.35 : 0.05,
  );
  const top = base - height;
  fill(
    rectangle(x, top, x + width, base + 0.02),
    (px, py) => times(facade, 1 + 0.12 * rough(14 * px, 14 * py) - 0.2 * ((base - py) / height)),
    { flow: Math.PI / 2 },
  );
  if (random.uniform() < 0.5) {
    fill(
      polygon([
        [x - 0.005, top + 0.002],
        [x + width / 2, top - between(0.03, 0.08)],
        [x + width + 0.005, top + 0.002],
      ]),
      times(facade, 0.6),
      { part: true },
    );
  }
  const columns = Math.max(2, Math.round(width / 0.042));
  const rows = Math.floor(height / 0.062);
  const w = (width / columns) * 0.3;
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const cx = x + ((i + 0.5) * width) / columns;
      const cy = top + 0.04 + j * 0.06;
      const on = random.uniform() < (row === 0 ? 0.3 : 0.5);
      const pane: Rgb = on ? mix(LAMP, hex('#ff9d4a'), random.uniform()) : times(facade, 0.55);
      fill(rectangle(cx - w, cy - 0.016, cx + w, cy + 0.018), pane, {
        part: i + j > 0,
        detail: on ? 0.7 : 0.3,
        flow: Math.PI / 2,
      });
    }
  }
}

function streetLamp({ fill }: Easel, x: number, foot: number): void {
  const h = 0.34;
  const halo = ellipse(x, foot - h, 0.085);
  fill(halo, LAMP, { soft: 0.16, veil: true });
  fill(
    limb(
      [
        [x, foot],
        [x, foot - h + 0.02],
      ],
      0.006,
      0.004,
    ),
    hex('#16161f'),
    { detail: 0.5, flow: Math.PI / 2 },
  );
  fill(ellipse(x, foot - h, 0.018, 0.022), hex('#fff3c9'), { detail: 0.8 });
  fill(rectangle(x - 0.012, foot + 0.004, x + 0.012, foot + 0.12), LAMP, { soft: 0.024, veil: true });
}

function walker({ fill, random }: Easel, x: number, foot: number): void {
  const coat = random.pick(['#20222e', '#5a2430', '#2c3d36'].map(hex));
  fill(
    polygon(
      [
        [x - 0.014, foot],
        [x - 0.018, foot - 0.07],
        [x - 0.008, foot - 0.1],
        [x + 0.008, foot - 0.1],
        [x + 0.018, foot - 0.07],
        [x + 0.014, foot],
      ],
      0.003,
    ),
    coat,
    { detail: 0.6, flow: Math.PI / 2 },
  );
  fill(ellipse(x, foot - 0.113, 0.011, 0.013), mix(coat, hex('#c99572'), 0.6), { detail: 0.6 });
}
