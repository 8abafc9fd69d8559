import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AttackId, attacks } from '../../src/attacks/index.ts';
import { readImage } from '../../src/image/codec.ts';
import { toBytes } from '../../src/image/image.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { seededRandom } from '../../src/random.ts';
import { differenceTo, goldenCases } from '../golden.ts';
import { describeShared } from '../shared.ts';

describeShared('filters against OpenCV', ['golden', 'images'], (folder) => {
  for (const golden of goldenCases(folder, 'filter').filter(({ id }) => id in attacks)) {
    it(`${golden.id} equals OpenCV exactly for ${golden.expected}`, async () => {
      const attack = attacks[golden.id as AttackId];
      const image = await readImage(join(folder, golden.input));
      const params = parseParameters(attack, golden.params);
      const filtered = await attack.apply(image, params, { random: seededRandom(0) });
      expect(await differenceTo(join(folder, golden.expected), toBytes(filtered))).toEqual({
        max: 0,
        mean: 0,
      });
    });
  }
});
