import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPreviewer, differenceMap, type Pixels, previewSize } from '../../src/report/preview.ts';

const plain = (width: number, height: number, f: (i: number) => number): Pixels => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => f(i)),
});

describe('the size of a preview', () => {
  it('is never larger than the picture or the side, and never empty', () => {
    const length = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(length, length, fc.integer({ min: 1, max: 1024 }), (width, height, side) => {
        const preview = previewSize(width, height, side);
        expect(Math.max(preview.width, preview.height)).toBeLessThanOrEqual(Math.max(side, 1));
        expect(Math.min(preview.width, preview.height)).toBeGreaterThanOrEqual(1);
        if (Math.max(width, height) <= side) expect(preview).toEqual({ width, height });
      }),
    );
  });
});

describe('a difference map', () => {
  it('is the square root of the largest channel difference, pixel by pixel at full size', () => {
    const a = plain(2, 1, (i) => [10, 20, 30, 0, 0, 255][i]!);
    const b = plain(2, 1, (i) => [14, 11, 30, 0, 0, 0][i]!);
    expect([...differenceMap(a, b, 64).data]).toEqual([Math.round(255 * Math.sqrt(9 / 255)), 255]);
  });

  it('is the mean of full-size differences in a preview, so that signs do not cancel', () => {
    const a = plain(64, 64, () => 100);
    const signs = plain(64, 64, (i) => 100 + (Math.floor(i / 3) % 2 === 0 ? 8 : -8));
    const { width, height, data } = differenceMap(a, signs, 16);
    expect([width, height]).toEqual([16, 16]);
    expect(new Set(data)).toEqual(new Set([Math.round(255 * Math.sqrt(8 / 255))]));
  });

  it('is black for equal pictures', () => {
    const a = plain(5, 7, (i) => i % 256);
    expect(differenceMap(a, a, 4).data.every((value) => value === 0)).toBe(true);
  });

  it('tells differences apart that are half a level of 1/255 apart where they are small', () => {
    const stored = (difference: number): number => Math.round(255 * Math.sqrt(difference / 255));
    for (let d = 0; d < 8; d += 0.5) expect(stored(d + 0.5)).toBeGreaterThan(stored(d));
  });
});

describe('previews of odd pictures', () => {
  it.each([
    [1, 1],
    [3, 5000],
  ])('exist for %d x %d', async (width, height) => {
    const previewer = await createPreviewer();
    const picture = plain(width, height, (i) => i % 251);
    expect((await previewer.picture(picture, 192)).length).toBeGreaterThan(20);
    expect((await previewer.difference(picture, picture, 192)).length).toBeGreaterThan(20);
  });
});
