/** @file One great tree on a rise of ground. */
import { hex, mix } from '../colour.ts';
import { ellipse } from '../shapes.ts';
import type { Motif } from './define.ts';
import { castShadow, hills, meadow, sky } from './landscape.ts';
import { broadleaf } from './plants.ts';

export const tree: Motif = {
  id: 'tree',
  phrase: 'a tree',
  titles: ['The Old Oak', 'Alone on the Rise', 'Crown in the Wind', 'The Boundary Tree'],
  draw(easel) {
    const { light, fill, random, between } = easel;
    sky(easel);
    const level = between(0.62, 0.72);
    hills(easel, { level: level + 0.02, height: 0.14, colour: mix(light.far, light.zenith, 0.35) });
    if (random.uniform() < 0.6)
      hills(easel, { level: level + 0.04, height: 0.08, colour: light.far, scale: 3.5 });
    meadow(easel, level);
    const x = between(0.34, 0.66);
    const foot = between(0.8, 0.88);
    castShadow(easel, x - light.side * 0.16, foot + 0.01, 0.26, 0.035);
    broadleaf(easel, x, foot, between(0.66, 0.78));
    const petals = 18 + random.int(30);
    for (let k = 0; k < petals; k++) {
      const y = between(foot - 0.02, 0.99);
      const r = 0.004 + 0.007 * (y - 0.7);
      fill(
        ellipse(between(0.02, 0.98), y, r * 1.3, r),
        light.lit(random.uniform() < 0.6 ? light.accent : hex('#f6e7a6'), 0.9),
        { part: true, detail: 0.5 },
      );
    }
  },
};
