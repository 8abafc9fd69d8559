/**
 * @file A kernel's functions over bands of a picture or a matrix, on as many threads as there are cores.
 *
 * Bands are taken one by one by whoever is free, this thread among them. So a thread that is still starting, or whose core is
 * busy with something else, delays nobody; and since a function computes a band alike wherever it runs, and bands
 * depend on the picture only, the result does not depend on the number of threads. What a thread fails at this one does again;
 * a thread that ends in the middle of a band is an error after a while.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, Worker } from 'node:worker_threads';
import { silentThread } from '../messages/index.ts';
import { type Invitation, LEFT, takeBands, WORD } from './bands.mjs';
import type { Kernel } from './module.ts';

/** Calls `name(band, thread, ...args)` for each of `bands` bands; returns when all are done. Whole numbers only. */
export type RunBands<Name extends string> = (name: Name, bands: number, ...args: readonly number[]) => void;

/** Threads that filters use, 1 for this one alone: threads of the program's own share the cores with each other. */
export const filterThreads = isMainThread ? Math.min(availableParallelism(), 16) : 1;

/** Threads for quick filters: they are done with small pictures before another thread wakes up. */
export const threadsFor = (pixels: number): number => (pixels < 2 ** 20 ? 1 : filterThreads);

/** How long no thread may finish a band: they take milliseconds, and seconds where pictures are huge. */
const PATIENCE_MS = 120_000;

/** What `work` gives, with other threads at hand for as long as it runs. @throws DEVICE if one of them does not come back. */
export function inBands<Name extends string, T>(
  kernel: Kernel<Name>,
  threads: number,
  work: (run: RunBands<Name>) => T,
  patienceMs = PATIENCE_MS,
): T {
  const functions = kernel.names.map((name) => kernel.functions[name]);
  if (threads <= 1) {
    return work((name, bands, ...args) => {
      const f = kernel.functions[name];
      for (let band = 0; band < bands; band++) f(band, 0, ...args);
    });
  }
  const words = new Int32Array(new SharedArrayBuffer(4 * (WORD.failed + threads)));
  for (let i = 1; i < threads; i++) invite(kernel, words, i);
  let ticket = 0;
  try {
    return work((name, bands, ...args) => {
      words.set([kernel.names.indexOf(name), args.length, ...args], WORD.callee);
      words[WORD.open] = bands;
      ticket = ((ticket & ~LEFT) + LEFT + 1) & 0x7fffffff;
      Atomics.store(words, WORD.ticket, (ticket & ~LEFT) | bands);
      Atomics.notify(words, WORD.ticket);
      takeBands(words, functions, 0);
      for (let open = Atomics.load(words, WORD.open); open > 0; open = Atomics.load(words, WORD.open)) {
        if (Atomics.wait(words, WORD.open, open, patienceMs) === 'timed-out') throw silentThread(patienceMs);
      }
      for (let i = 1; i < threads; i++) {
        const failed = Atomics.exchange(words, WORD.failed + i, 0);
        if (failed === 0) continue;
        helpers.delete(i); // it has ended; the next kernel starts another
        kernel.functions[name](failed - 1, 0, ...args);
      }
    });
  } finally {
    Atomics.store(words, WORD.ticket, -1);
    Atomics.notify(words, WORD.ticket);
  }
}

/** Asks thread `i` to share in the work. Where it cannot start, the others do its share. */
function invite({ module, shared, names }: Kernel<string>, words: Int32Array, i: number): void {
  helper(i)?.postMessage({ module, memory: shared, names, words, thread: i } satisfies Invitation);
}

const helpers = new Map<number, Worker>();

/** Thread `i`, started when first needed; undefined if it cannot start. It does not keep the process alive. */
function helper(i: number): Worker | undefined {
  const known = helpers.get(i);
  if (known !== undefined) return known;
  const started = startedWorker();
  if (started === undefined) return undefined;
  started.on('error', () => {
    if (helpers.get(i) === started) helpers.delete(i); // its share is done by the others
  });
  started.unref();
  helpers.set(i, started);
  return started;
}

const workerFile = new URL('./threads.worker.mjs', import.meta.url);

function startedWorker(): Worker | undefined {
  try {
    return new Worker(workerFile, { name: 'filters', stdin: false });
  } catch {
    return undefined; // no room for another thread
  }
}
