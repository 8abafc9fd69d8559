import { describe, expect, it } from 'vitest';
import type { Image } from '../../src/image/image.ts';
import { visibilityMap } from '../../src/image/visibility.ts';
import { seededRandom } from '../../src/random.ts';

/** 96 x 48 px: flat mid grey on the left, noise on the right. */
function halves(): Image {
  const random = seededRandom(1);
  const data = Float32Array.from({ length: 96 * 48 * 3 }, (_, at) =>
    Math.floor(at / 3) % 96 < 48 ? 0.5 : 0.25 + 0.5 * random.uniform(),
  );
  return { width: 96, height: 48, data };
}

/** Red less blue, which only the map's orange has: 0..0.9. */
const glow = ({ data, width }: Image, x: number, y: number): number =>
  data[3 * (y * width + x)]! - data[3 * (y * width + x) + 2]!;

describe('the map of visible change', () => {
  const reference = halves();

  it('glows on flat ground and stays dark where texture hides the same change', () => {
    const changed = { ...reference, data: reference.data.map((value) => value + 8 / 255) };
    const map = visibilityMap(changed, reference);
    expect(glow(map, 20, 24)).toBeCloseTo(0.45, 5); // 8 of 16/255: half of 1 − 0.1
    expect(glow(map, 76, 24)).toBeLessThan(0.01);
  });

  it('glows no more beyond 16/255', () => {
    const changed = { ...reference, data: reference.data.map((value) => value + 60 / 255) };
    expect(glow(visibilityMap(changed, reference), 20, 24)).toBeCloseTo(0.9, 5);
  });

  it('is the reference in dimmed grey where nothing has changed', () => {
    const map = visibilityMap(reference, reference);
    for (let x = 0; x < 96; x++) expect(glow(map, x, 24)).toBe(0);
    expect(map.data[0]).toBeCloseTo(0.35 * 0.5, 5);
  });
});
