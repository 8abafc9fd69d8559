/** @file A house in its garden, with a path to the door. */
import { hex, mix, times } from '../colour.ts';
import { curve, limb } from '../shapes.ts';
import { house as building } from './building.ts';
import type { Motif } from './define.ts';
import { hills, meadow, sky } from './landscape.ts';
import { broadleaf, cypress, foliage } from './plants.ts';

export const house: Motif = {
  id: 'house',
  phrase: 'a house',
  titles: ['The House at the Bend', 'Farm Under Trees', 'White Gable', 'The Path Home'],
  draw(easel) {
    const { light, fill, random, between, rough } = easel;
    sky(easel, 0.8);
    const level = between(0.54, 0.62);
    hills(easel, { level: level + 0.02, height: 0.16, colour: mix(light.far, light.zenith, 0.3) });
    meadow(easel, level);
    const x = between(0.42, 0.58);
    const foot = between(0.72, 0.78);
    const width = between(0.44, 0.56);
    const back = random.pick([-1, 1]);
    if (random.uniform() < 0.6) broadleaf(easel, x + back * width * 0.62, foot - 0.02, between(0.44, 0.56));
    building(easel, {
      x,
      foot,
      width,
      wall: random.pick(['#f3ead6', '#e9cf9f', '#e6b8a0', '#cfd8da'].map(hex)),
      roof: random.pick(['#b5533a', '#8a4a3c', '#5b6472', '#a86a3a'].map(hex)),
    });
    const door = x - width * 0.31;
    fill(
      limb(curve([door, foot], [door - 0.02, 0.85], [between(0.25, 0.6), 1.04]), 0.02, 0.09),
      (px, py) => times(light.lit(hex('#d9bf94'), 0.85), 1 + 0.12 * rough(9 * px, 24 * py)),
      { flow: Math.PI / 2.4 },
    );
    for (let k = 0; k < 5; k++) {
      const bx = x - width * 0.5 + (k * width) / 4 + between(-0.02, 0.02);
      if (Math.abs(bx - door) > 0.07) foliage(easel, bx, foot + 0.005, between(0.022, 0.04), { part: k > 0 });
    }
    const flank = -back;
    for (let k = random.int(4); k > 0; k--) {
      cypress(easel, x + flank * (width * 0.6 + 0.07 * k), foot + between(-0.02, 0.04), between(0.26, 0.4));
    }
  },
};
