import { describe, expect, it, vi } from 'vitest';
import { LEFT, WORD } from '../../src/wasm/bands.mjs';
import { inBands } from '../../src/wasm/threads.ts';
import { bilateral } from '../../src/image/filters/bilateral.ts';
import { guidedBy } from '../../src/image/filters/guided.ts';
import { gaussianBlurBytes } from '../../src/image/filters/gaussian.ts';
import { kernelsOfAnySize, type Routine } from '../../src/wasm/module.ts';
import { medianBytes } from '../../src/image/filters/median.ts';
import { nonLocalMeans } from '../../src/image/filters/non-local-means.ts';
import { type Code, i32, type Local, sequence, when } from '../../src/wasm/assembler.ts';
import { silentThread } from '../../src/messages/index.ts';
import { seededRandom } from '../../src/random.ts';

const noise = (width: number, height: number): Float32Array => {
  const random = seededRandom(3);
  return Float32Array.from({ length: width * height * 3 }, () => Math.floor(256 * random.uniform()));
};

/** What `work` gives where this thread leaves some bands of each run to the others: it waits until one is taken. */
function withHelp<T>(work: () => T): T {
  const { notify } = Atomics;
  let runs = 0;
  const offered = vi.spyOn(Atomics, 'notify').mockImplementation((words, index, count) => {
    const woken = notify(words, index, count);
    const ticket = () => Number(Atomics.load(words, index));
    const begun = index === WORD.ticket ? ticket() : 0;
    if (begun > 0) {
      runs++;
      while ((begun & LEFT) > 0 && ticket() === begun);
    }
    return woken;
  });
  try {
    return work();
  } finally {
    offered.mockRestore();
    expect(runs).toBeGreaterThan(0);
  }
}

const kernelOf = <Name extends string>(bytes: number, threads: number, routines: Record<Name, Routine>) =>
  kernelsOfAnySize(() => routines)(bytes, threads);

const at = (band: Local, offset = 0): Code =>
  i32.add(i32.shl(band.get, i32.constant(2)), i32.constant(offset));

describe('bands', () => {
  /** Waits until the word at `address` is not 0. */
  const waiting = (address: number): Code => [
    ...[0x03, 0x40],
    ...i32.load(i32.constant(address), 0),
    ...[0x45, 0x0d, 0x00, 0x0b], // eqz, br_if 0, end
  ];

  it('are each done once, and shared by all threads', () => {
    const [bands, threads] = [200, 4];
    const counted = kernelOf(4 * (bands + threads), threads, {
      count: {
        parameters: ['i32', 'i32', 'i32'],
        body: ({ parameters: [band, , more] }) =>
          i32.store(at(band!), 0, i32.add(i32.load(at(band!), 0), more!.get)),
      },
      // A band that lasts until each thread has one.
      meet: {
        parameters: ['i32', 'i32'],
        body: ({ parameters: [, thread] }) =>
          sequence(
            i32.store(at(thread!, 4 * bands), 0, i32.constant(1)),
            ...Array.from({ length: threads }, (_, i) => waiting(4 * (bands + i))),
          ),
      },
    });
    const counts = new Int32Array(counted.memory, 0, bands);
    const met = new Int32Array(counted.memory, 4 * bands, threads);
    inBands(counted, threads, (run) => {
      run('meet', threads);
      expect([...met]).toEqual([1, 1, 1, 1]);
      for (let k = 0; k < 250; k++) run('count', bands, 2);
    });
    expect(new Set(counts)).toEqual(new Set([500]));
  });

  /** Bands of which this thread waits for another one to take its first, which then meets its `end`. */
  const deserted = (end: Code) =>
    kernelOf(1024, 2, {
      band: {
        parameters: ['i32', 'i32'],
        body: ({ parameters: [band, thread] }) =>
          sequence(
            when(thread!.get, sequence(i32.store(i32.constant(0), 0, i32.constant(1)), end)),
            waiting(0),
            i32.store(at(band!), 64, i32.constant(1)),
          ),
      },
    });

  it('that a thread fails at are done again by this one, and another thread takes its place', () => {
    for (let i = 0; i < 3; i++) {
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
    const nothing = kernelOf(16, 3, { idle: { parameters: ['i32', 'i32'], body: () => [] } });
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

  it('by the bilateral filter', () => {
    const options = { diameter: 7, sigmaColor: 40, sigmaSpace: 3, iterations: 6 };
    const alone = bilateral(values, size, options, undefined, 1);
    expect(withHelp(() => bilateral(values, size, options, undefined, 3))).toEqual(alone);
  });

  it('by the guided filter', () => {
    const options = { radius: 5, eps: 30 };
    const alone = guidedBy(values, size, options, 1)(values);
    expect(withHelp(() => guidedBy(values, size, options, 3)(values))).toEqual(alone);
  });

  it('by the blur, the median and non-local means', () => {
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
      expect(withHelp(() => filter(3))).toEqual(alone);
    }
  });
});
