/** @file Turning: every pixel lands between others, and grids that networks see through no longer fit. */
import { z } from 'zod';
import { fromBytes, toBytes } from '../../image/image.ts';
import { type Point, warp } from '../../image/warp.ts';
import { defineAttack } from '../define.ts';
import { warpGraph } from '../graph/warp.ts';

export const rotate = defineAttack({
  id: 'rotate',
  version: 1,
  label: 'Rotation',
  summary: 'Turns the picture about its centre, and back unless told otherwise.',
  reference: 'An et al., WAVES (ICML 2024): rotation by up to 45 degrees; bicubic (a = -0.5), edges mirrored',
  params: z.strictObject({
    angle: z.number().min(-180).max(180).default(5).describe('counter-clockwise, in degrees'),
    back: z
      .boolean()
      .default(true)
      .describe('whether it is turned back, so that it is compared with the original in place'),
  }),
  needs: () => [],
  random: false,
  moves: true,
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

/** Where a point of the turned picture was before. */
function turn(degrees: number, centre: Point): (p: Point) => Point {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return ({ x, y }) => {
    const [dx, dy] = [x - centre.x, y - centre.y];
    return { x: centre.x + cos * dx - sin * dy, y: centre.y + sin * dx + cos * dy };
  };
}
