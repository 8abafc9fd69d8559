/** @file What lies around things: sky, hills, ground, water and reflections, shadows, light on round bodies. */
import { clamp, hex, mix, type Rgb, smoothstep, times } from '../colour.ts';
import { all, below, blob, ellipse, perColumn, type Shape, slopeOf } from '../shapes.ts';
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
