import { expect, it } from 'vitest';
import { blurPlanes, gaussianBlurBytes } from '../../../src/image/filters/gaussian.ts';
import { seededRandom } from '../../../src/random.ts';

it('float planes are blurred as 8-bit pixels are, but for the rounding', () => {
  const random = seededRandom(1);
  const size = { width: 13, height: 7 };
  const bytes = new Uint8Array(2 * 13 * 7).map(() => random.int(256));
  for (const sigma of [0.5, 1, 3]) {
    const planes = Float32Array.from(bytes);
    blurPlanes(planes, size, sigma);
    const expected = [bytes.subarray(0, 91), bytes.subarray(91)].flatMap((plane) => [
      ...gaussianBlurBytes(plane, { ...size, channels: 1 }, sigma),
    ]);
    for (const [i, value] of expected.entries())
      expect(Math.abs(value - planes[i]!)).toBeLessThanOrEqual(0.51);
  }
});
