import { describe, expect, it } from 'vitest';
import { inBands } from '../../src/wasm/threads.ts';
import { bilateral } from '../../src/image/filters/bilateral.ts';
import { guidedBy } from '../../src/image/filters/guided.ts';
import { gaussianBlurBytes } from '../../src/image/filters/gaussian.ts';
import { kernel } from '../../src/wasm/module.ts';
import { medianBytes } from '../../src/image/filters/median.ts';
import { nonLocalMeans } from '../../src/image/filters/non-local-means.ts';
import { i32, sequence, when } from '../../src/wasm/assembler.ts';
import { silentThread } from '../../src/messages/index.ts';
import { seededRandom } from '../../src/random.ts';

const noise = (width: number, height: number): Float32Array => {
  const random = seededRandom(3);
  return Float32Array.from({ length: width * height * 3 }, () => Math.floor(256 * random.uniform()));
};

/** Threads start in the background: several runs, so that some find them awake. */
const RUNS = 5;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('bands', () => {
  it('are each done once, on however many threads', async () => {
    const bands = 200;
    const counted = kernel(
      4 * bands,
      {
        count: {
          parameters: ['i32', 'i32', 'i32'],
          body: ({ parameters: [band, , more] }) => {
            const at = i32.shl(band!.get, i32.constant(2));
            return sequence(i32.store(at, 0, i32.add(i32.load(at, 0), more!.get)));
          },
        },
      },
      4,
    );
    const counts = new Int32Array(counted.memory, 0, bands);
    for (let i = 1; i <= RUNS; i++) {
      inBands(counted, 4, (run) => {
        for (let k = 0; k < 50; k++) run('count', bands, 2);
      });
      expect(new Set(counts)).toEqual(new Set([100 * i]));
      await pause();
    }
  });

  /** Waits until the word at `at` is not 0. */
  const waiting = (at: number) => [
    ...[0x03, 0x40],
    ...i32.load(i32.constant(at), 0),
    ...[0x45, 0x0d, 0x00, 0x0b], // eqz, br_if 0, end
  ];
  /** Bands of which this thread waits for another one to take its first, which then meets its `end`. */
  const deserted = (end: readonly number[]) =>
    kernel(
      1024,
      {
        band: {
          parameters: ['i32', 'i32'],
          body: ({ parameters: [band, thread] }) =>
            sequence(
              when(thread!.get, sequence(i32.store(i32.constant(0), 0, i32.constant(1)), end)),
              waiting(0),
              i32.store(i32.shl(band!.get, i32.constant(2)), 64, i32.constant(1)),
            ),
        },
      },
      2,
    );

  it('that a thread fails at are done again by this one, and another thread takes its place', async () => {
    for (let i = 0; i < 3; i++, await pause()) {
      const made = deserted([0x00]); // unreachable
      inBands(made, 2, (run) => run('band', 40));
      expect(new Set(new Int32Array(made.memory, 64, 40))).toEqual(new Set([1]));
    }
  });

  it('that a thread never comes back from are an error that says so, not silence', () => {
    const made = deserted(waiting(8));
    expect(() => inBands(made, 2, (run) => run('band', 40), 300)).toThrow(silentThread(300));
    new Int32Array(made.memory)[2] = 1; // lets it go
  });

  it('are left to this thread where the work fails', () => {
    const nothing = kernel(16, { idle: { parameters: ['i32', 'i32'], body: () => [] } }, 3);
    const failing = () =>
      inBands(nothing, 3, () => {
        throw new RangeError('no more');
      });
    expect(failing).toThrow(new RangeError('no more'));
    expect(inBands(nothing, 3, () => 'again')).toBe('again');
  });
});

describe.each([
  [61, 237],
  [6, 131],
  [150, 97],
])('a picture of %d x %d px is filtered to the same bytes on one thread and on three', (width, height) => {
  const values = noise(width, height);
  const size = { width, height };

  it('by the bilateral filter', async () => {
    const options = { diameter: 7, sigmaColor: 40, sigmaSpace: 3, iterations: 6 };
    const alone = bilateral(values, size, options, undefined, 1);
    for (let i = 0; i < RUNS; i++, await pause()) {
      expect(bilateral(values, size, options, undefined, 3)).toEqual(alone);
    }
  });

  it('by the guided filter', async () => {
    const options = { radius: 5, eps: 30 };
    const alone = guidedBy(values, size, options, 1)(values);
    for (let i = 0; i < RUNS; i++, await pause()) {
      expect(guidedBy(values, size, options, 3)(values)).toEqual(alone);
    }
  });

  it('by the blur, the median and non-local means', async () => {
    const pixels = Uint8Array.from(values);
    const shape = { ...size, channels: 3 };
    const filters = [
      (threads: number) => gaussianBlurBytes(pixels, shape, 1.7, threads),
      (threads: number) => medianBytes(pixels, shape, 5, threads),
      (threads: number) => {
        const means = { h: 30, template: 5, search: 9 };
        const two = { ...size, channels: 2 };
        return nonLocalMeans(pixels.subarray(0, 2 * width * height), two, means, threads);
      },
    ];
    for (const filter of filters) {
      const alone = filter(1);
      for (let i = 0; i < RUNS; i++, await pause()) expect(filter(3)).toEqual(alone);
    }
  });
});
