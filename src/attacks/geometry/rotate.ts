/** @file Rotation: every pixel is interpolated, and the grid of a network no longer fits the perturbation. */
import { z } from 'zod';
import { fromBytes, toBytes } from '../../image/image.ts';
import { type Point, warp } from '../../image/warp.ts';
import { defineAttack } from '../define.ts';
import { warpGraph } from '../graph/warp.ts';

export const rotate = defineAttack({
  id: 'rotate',
  version: 1,
  label: 'Rotation',
  summary: 'Rotates the image about its centre, and back again by default.',
  reference: 'An et al., WAVES (ICML 2024): rotation by up to 45 degrees; bicubic (a = -0.5), edges mirrored',
  params: z.strictObject({
    angle: z.number().min(-180).max(180).default(5).describe('rotation angle, in degrees counter-clockwise'),
    back: z
      .boolean()
      .default(true)
      .describe('whether to rotate back, so that the image stays aligned with the original'),
  }),
  needs: () => [],
  random: false,
  moves: true,
  misaligns: ({ back }) => !back,
  strength: { parameter: 'angle', harsher: 'higher' },
  apply: async (image, { angle, back }) => {
    const { width, height } = image;
    const turned = (degrees: number, of: typeof image) => {
      const made = warp(of, width, height, turn(degrees, { x: width / 2, y: height / 2 }));
      return fromBytes(width, height, toBytes(made), made.alpha);
    };
    const once = turned(angle, image);
    return back ? { ...turned(-angle, once), ...(image.alpha && { alpha: image.alpha }) } : once;
  },
  graph: (picture, { angle, back }, scope) => {
    const centre = { x: picture.width / 2, y: picture.height / 2 };
    const once = warpGraph(scope, picture, turn(angle, centre));
    return back ? warpGraph(scope, once, turn(-angle, centre)) : once;
  },
});

/** The place in the original of a point of the rotated image. */
function turn(degrees: number, centre: Point): (p: Point) => Point {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ({ x, y }) => {
    const [dx, dy] = [x - centre.x, y - centre.y];
    return { x: centre.x + cos * dx - sin * dy, y: centre.y + sin * dx + cos * dy };
  };
}
