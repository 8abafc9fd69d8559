/** @file Season and hour: the colours of sky, leaves, ground and water that every outdoor motif shares. */
import type { Random } from '../random.ts';
import { hex, mix, type Rgb, times } from './colour.ts';

/** zenith, horizon, disc of sun or moon, tint of everything lit. */
const HOURS = {
  dawn: ['#8fb0d4', '#f9d9bd', '#fff3d0', '#fff0e4'],
  noon: ['#3a7cc8', '#c6e2ee', '#fffbe0', '#ffffff'],
  cloudy: ['#8a9db3', '#dfe3e2', '#f2f0e6', '#e6eaec'],
  gold: ['#5d94bd', '#ffdf94', '#fff2b8', '#fff0cc'],
  dusk: ['#4a4480', '#f5956a', '#ffd08a', '#f2bfae'],
  night: ['#0f1b44', '#3d5c96', '#f5efcf', '#7488b8'],
} as const;

/** leaf in light, leaf in shade, grass, far ground, accent of blossom or fruit. */
const SEASONS = {
  spring: ['#a9cf5a', '#4c8a4a', '#93c05c', '#b7c98a', '#f2b6c6'],
  summer: ['#6fa83f', '#23603a', '#7da63e', '#9fae62', '#e0533c'],
  autumn: ['#e9a23b', '#9c4a24', '#c2a24a', '#b98d55', '#c8352b'],
  winter: ['#8d9a80', '#4c5f5c', '#e9eef3', '#c3d0dc', '#a33b34'],
} as const;

export type Hour = keyof typeof HOURS;

/** The weather of one picture. */
export interface Light {
  readonly hour: Hour;
  readonly zenith: Rgb;
  readonly horizon: Rgb;
  /** The colour of sun or moon, and its place. */
  readonly disc: Rgb;
  readonly x: number;
  readonly y: number;
  /** -1 where the light comes from the left, 1 from the right. */
  readonly side: -1 | 1;
  readonly tint: Rgb;
  readonly leaf: Rgb;
  readonly leafShade: Rgb;
  readonly grass: Rgb;
  readonly far: Rgb;
  readonly accent: Rgb;
  readonly water: Rgb;
  /** `surface` under this light: 0 in shade, 1 in full light. */
  lit(surface: Rgb, amount: number): Rgb;
}

/** Draws an hour and a season. `hours` limits the choice. */
export function drawLight(random: Random, hours: readonly Hour[] = Object.keys(HOURS) as Hour[]): Light {
  const hour = random.pick(hours);
  const season = random.pick(['spring', 'summer', 'autumn', 'winter'] as const);
  const [zenith, horizon, disc, tint] = HOURS[hour].map(hex) as [Rgb, Rgb, Rgb, Rgb];
  const [leaf, leafShade, grass, far, accent] = SEASONS[season].map((code) => times(hex(code), tint)) as [
    Rgb,
    Rgb,
    Rgb,
    Rgb,
    Rgb,
  ];
  const shadow = mix(tint, zenith, 0.55);
  const x = random.pick([0.12, 0.2, 0.28, 0.7, 0.8, 0.88]) + 0.06 * (random.uniform() - 0.5);
  return {
    hour,
    zenith,
    horizon,
    disc,
    x,
    y:
      hour === 'dusk' || hour === 'dawn' || hour === 'gold'
        ? 0.3 + 0.12 * random.uniform()
        : 0.1 + 0.1 * random.uniform(),
    side: x < 0.5 ? -1 : 1,
    tint,
    leaf,
    leafShade,
    grass,
    far: mix(far, horizon, 0.25),
    accent,
    water: mix(mix(zenith, horizon, 0.35), hex('#3f7f86'), hour === 'night' ? 0.15 : 0.4),
    lit: (surface, amount) => mix(times(times(surface, 0.62), shadow), times(surface, tint), amount),
  };
}
