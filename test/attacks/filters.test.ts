import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AttackId, attacks } from '../../src/attacks/index.ts';
import { readImage } from '../../src/image/codec.ts';
import { toBytes } from '../../src/image/image.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { seededRandom } from '../../src/random.ts';
import { differenceTo, goldenCases } from '../golden.ts';
import { describeShared } from '../shared.ts';

// Steps done in another order round differently: what OpenCV computes in float32 may fall on the other side of a half.
const tolerance: Readonly<Record<string, { max: number; mean: number }>> = {
  bilateral: { max: 1, mean: 1e-3 },
  guided: { max: 1, mean: 1e-3 },
  'adverse-cleaner': { max: 1, mean: 0.01 },
};

describeShared('attacks against OpenCV', ['golden', 'images'], (folder) => {
  const cases = [...goldenCases(folder, 'filter'), ...goldenCases(folder, 'attack')];
  for (const { id, params: given, ...golden } of cases.filter(({ id }) => id in attacks)) {
    const { max, mean } = tolerance[id] ?? { max: 0, mean: 0 };
    it(`${id} equals OpenCV within ${max} grey levels, mean ${mean}, for ${golden.expected}`, async () => {
      const attack = attacks[id as AttackId];
      const image = await readImage(join(folder, golden.input));
      const params = parseParameters(attack, given ?? { guided: golden.guided });
      const filtered = await attack.apply(image, params, { random: seededRandom(0) });
      const difference = await differenceTo(join(folder, golden.expected), toBytes(filtered));
      expect(difference.max).toBeLessThanOrEqual(max);
      expect(difference.mean).toBeLessThanOrEqual(mean);
    });
  }
});
