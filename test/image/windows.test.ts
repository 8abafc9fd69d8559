import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWindow, cutWindow, windowSize, windowsOf } from '../../src/image/windows.ts';
import { seededRandom } from '../../src/random.ts';

const options = fc.record({
  side: fc.constantFrom(32, 64, 128),
  overlap: fc.constantFrom(0, 8, 16),
  multiple: fc.constant(8),
  fixed: fc.boolean(),
  even: fc.boolean(),
});
const side = fc.integer({ min: 8, max: 300 });
const planesOf = (width: number, height: number, seed: number): Float32Array => {
  const random = seededRandom(seed);
  return new Float32Array(3 * width * height).map(() => random.uniform() - 0.5);
};
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);

describe('windows', () => {
  it('have sides that the network takes, and no more pixels than asked for', () => {
    fc.assert(
      fc.property(side, side, options, (width, height, asked) => {
        for (const window of windowsOf({ width, height }, asked)) {
          const size = windowSize(window);
          for (const px of [size.width, size.height]) {
            expect(px % 8).toBe(0);
            expect(px).toBeLessThanOrEqual(asked.side);
            if (asked.fixed) expect(px).toBe(asked.side);
          }
        }
      }),
    );
  });

  it('put an image of sides that fit together again exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 20 }),
        fc.integer({ min: 8, max: 20 }),
        options,
        (w, h, asked) => {
          const size = { width: 8 * w, height: 8 * h };
          const planes = planesOf(size.width, size.height, w * h);
          const whole = new Float32Array(planes.length);
          for (const window of windowsOf(size, { ...asked, fixed: false })) {
            addWindow(whole, size, window, cutWindow(planes, size, window));
          }
          expect(whole.every((v, i) => Math.abs(v - planes[i]!) < 1e-6)).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('share the overlap at least, and are as short as their number allows where that is asked', () => {
    const starts = (width: number, even: boolean) =>
      windowsOf({ width, height: 512 }, { side: 512, overlap: 64, multiple: 8, even }).map((window) => {
        const { pixels } = window.columns;
        return [pixels[0], pixels.length];
      });
    expect(starts(512, true)).toEqual([[0, 512]]);
    expect(starts(519, false)).toEqual([
      [0, 512],
      [8, 512],
    ]);
    expect(starts(519, true)).toEqual([
      [0, 296],
      [224, 296],
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 513, max: 5000 }), (width) => {
        const [even, fixed] = [starts(width, true), starts(width, false)];
        expect(even.length).toBe(fixed.length);
        for (let k = 1; k < even.length; k++) {
          expect(even[k - 1]![0]! + even[k - 1]![1]! - even[k]![0]!).toBeGreaterThanOrEqual(64);
        }
      }),
    );
  });

  it('complete a side by reflection, whose gradient goes back to the pixels it came from', () => {
    const size = { width: 11, height: 20 };
    const [window, ...more] = windowsOf(size, { side: 64, overlap: 8, multiple: 8 });
    expect([windowSize(window!), more.length]).toEqual([{ width: 16, height: 24 }, 0]);
    expect(Array.from(window!.columns.pixels.slice(9))).toEqual([9, 10, 9, 8, 7, 6, 5]);
    // <cut x, y> = <x, add y>: one is the transpose of the other.
    const x = planesOf(11, 20, 1);
    const y = planesOf(16, 24, 2);
    const back = new Float32Array(x.length);
    addWindow(back, size, window!, y);
    expect(Math.abs(dot(cutWindow(x, size, window!), y) - dot(x, back))).toBeLessThan(1e-3);
  });
});
