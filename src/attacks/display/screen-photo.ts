/**
 * @file A photograph of a screen, simulated: red, green and blue stripes sampled by a coarser grid (moire), perspective, lens
 * blur, sensor noise and a white-balance error; then rectified by its corners.
 *
 * A model, not a recording: no real camera was measured. Light adds up linearly. There is no colour filter array, no
 * reflection on the glass and no flicker. For the JPEG of the camera, add `jpeg` to the chain.
 */
import { z } from 'zod';
import { fromBytes, type Image, type Size, toBytes } from '../../image/image.ts';
import { type Point, type PointMap, perspective, warp } from '../../image/warp.ts';
import type { Random } from '../../random.ts';
import { defineAttack } from '../define.ts';

export const screenPhoto = defineAttack({
  id: 'screen-photo',
  version: 1,
  label: 'Photo of a screen (simulated)',
  summary: 'Simulates photographing a screen: moire, perspective, blur, sensor noise, white-balance error.',
  reference:
    'own model of the known parts; compare Fang et al., Screen-shooting resilient watermarking (TIFS 2019)',
  params: z.strictObject({
    samplingRatio: z
      .number()
      .min(0.3)
      .max(4)
      .default(1.7)
      .describe('camera pixels per screen pixel, along a side'),
    tilt: z
      .number()
      .min(0)
      .max(0.3)
      .default(0.04)
      .describe('largest shift of a corner, as a share of the side'),
    blur: z
      .number()
      .min(1)
      .max(10)
      .default(1.6)
      .describe('side of the area that one camera pixel sees, in camera px'),
    noise: z
      .number()
      .min(0)
      .max(50)
      .default(3)
      .describe('standard deviation of the sensor noise at white, in 1/255 of linear light'),
    balance: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.05)
      .describe('largest white-balance error, as a share of a channel'),
  }),
  formerNames: { samplingRatio: 'resolution' },
  needs: () => [],
  random: true,
  strength: { parameter: 'blur', harsher: 'higher' },
  apply: async (image, params, { random }) => {
    const view = cornersSeen(image, params.tilt, random.fork('corners'));
    const photo = photographed(image, view, params, random);
    const straight = warp(photo, image.width, image.height, (p) => {
      const { x, y } = view.inverse(p);
      return { x: x * photo.width, y: y * photo.height };
    });
    return fromBytes(image.width, image.height, toBytes(straight), image.alpha);
  },
});

/** From the field of the camera, a unit square, to the screen in its px. The whole image is in the field. */
function cornersSeen({ width, height }: Size, tilt: number, random: Random): PointMap {
  const away = (side: number): number => tilt * side * random.uniform();
  const corner = (right: number, down: number): Point => ({
    x: right * width + (right === 0 ? -1 : 1) * away(width),
    y: down * height + (down === 0 ? -1 : 1) * away(height),
  });
  return perspective([corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)]);
}

/** Samples along a side of the area that a camera pixel sees. */
const SAMPLES = 4;

function photographed(
  image: Image,
  view: PointMap,
  {
    samplingRatio,
    blur,
    noise,
    balance,
  }: { samplingRatio: number; blur: number; noise: number; balance: number },
  random: Random,
): Image {
  const width = Math.max(1, Math.round(image.width * samplingRatio));
  const height = Math.max(1, Math.round(image.height * samplingRatio));
  const screen = Float32Array.from(image.data, toLinear);
  const gains = [0, 1, 2].map(() => 1 + balance * (2 * random.uniform() - 1));
  const data = new Float32Array(width * height * 3);
  const light = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      light.fill(0);
      for (let j = 0; j < SAMPLES * SAMPLES; j++) {
        const across = (((j % SAMPLES) + 0.5) / SAMPLES - 0.5) * blur;
        const down = ((Math.floor(j / SAMPLES) + 0.5) / SAMPLES - 0.5) * blur;
        shine(
          light,
          screen,
          image,
          view.forward({ x: (x + 0.5 + across) / width, y: (y + 0.5 + down) / height }),
        );
      }
      for (let c = 0; c < 3; c++) {
        const seen = (gains[c]! * light[c]!) / SAMPLES ** 2;
        // Photons are counted: their noise grows as the root of the light, above a floor.
        const spread = (noise / 255) * Math.sqrt(0.02 + Math.max(0, seen));
        data[(y * width + x) * 3 + c] = fromLinear(seen + spread * random.normal());
      }
    }
  }
  return fromBytes(width, height, toBytes({ width, height, data }));
}

/** Adds the light of a point of the screen: the left third of a pixel is red, the middle green, the right blue. */
function shine(light: number[], screen: Float32Array, { width, height }: Size, { x, y }: Point): void {
  const column = Math.min(width - 1, Math.max(0, Math.floor(x)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y)));
  const stripe = Math.floor(3 * (x - Math.floor(x)));
  light[stripe]! += 3 * screen[(row * width + column) * 3 + stripe]!;
}

/** The transfer function of sRGB (IEC 61966-2-1) and its inverse, clipped. */
const toLinear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

const fromLinear = (v: number): number => {
  const clipped = Math.min(1, Math.max(0, v));
  return clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
};
