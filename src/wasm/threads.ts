/**
 * @file A kernel's functions over bands of a picture, on as many threads as there are cores.
 *
 * Bands are taken one by one by whoever is free, this thread among them. So a thread that is still starting, or whose core is
 * busy with something else, delays nobody; and since a function computes a band alike wherever it runs, and bands
 * depend on the picture only, the result does not depend on the number of threads. What a thread fails at this one does again;
 * a thread that ends in the middle of a band is an error after a while.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, Worker } from 'node:worker_threads';
import { silentThread } from '../messages/index.ts';
import type { Size } from '../image/image.ts';
import type { Kernel } from './module.ts';

/** Calls `name(band, thread, ...args)` for each of `bands` bands; returns when all are done. Whole numbers only. */
export type RunBands<Name extends string> = (name: Name, bands: number, ...args: readonly number[]) => void;

/** Threads that filters use, 1 for this one alone: threads of the program's own share the cores with each other. */
export const filterThreads = isMainThread ? Math.min(availableParallelism(), 16) : 1;

/** Threads for quick filters: they are done with small pictures before another thread wakes up. */
export const threadsFor = ({ width, height }: Size): number => (width * height < 2 ** 20 ? 1 : filterThreads);

/** How long no thread may finish a band: they take milliseconds, and seconds where pictures are huge. */
const PATIENCE_MS = 120_000;

/** What `work` gives, with other threads at hand for as long as it runs. @throws DEVICE where one of them does not come back. */
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
  const words = new Int32Array(new SharedArrayBuffer(4 * (WORDS + threads)));
  for (let i = 1; i < threads; i++) invite(kernel, words, i);
  let ticket = 0;
  try {
    return work((name, bands, ...args) => {
      words.set([kernel.names.indexOf(name), args.length, ...args], 2);
      words[1] = bands;
      ticket = ((ticket & ~LEFT) + LEFT + 1) & 0x7fffffff;
      Atomics.store(words, 0, (ticket & ~LEFT) | bands);
      Atomics.notify(words, 0);
      takeBands(words, functions, 0);
      for (let open = Atomics.load(words, 1); open > 0; open = Atomics.load(words, 1)) {
        if (Atomics.wait(words, 1, open, patienceMs) === 'timed-out') throw silentThread(patienceMs);
      }
      for (let i = 1; i < threads; i++) {
        const failed = Atomics.exchange(words, WORDS + i, 0);
        if (failed !== 0) kernel.functions[name](failed - 1, 0, ...args);
      }
    });
  } finally {
    Atomics.store(words, 0, -1);
    Atomics.notify(words, 0);
  }
}

/*
 * words[0]: the ticket: bands not yet taken in its low bits, above them a number of the run; -1 where there is no more work.
 * words[1]: bands not yet done. words[2]: which function; words[3]: how many arguments; then these. words[WORDS + thread]: the
 * band, plus 1, that the thread failed at: it counts as done, and is done again by who waits for it.
 */
const WORDS = 16;
const LEFT = 0xffff;

/** Asks thread `i` to share in the work. Where it cannot start, the others do its share. */
function invite({ module, shared, names }: Kernel<string>, words: Int32Array, i: number): void {
  helper(i)?.postMessage({ module, memory: shared, names, words, thread: i } satisfies Invitation);
}

interface Invitation {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly names: readonly string[];
  readonly words: Int32Array;
  readonly thread: number;
}

/** Takes bands of the current run and does them until none is left. Stands alone: its text is what threads run. */
function takeBands(
  words: Int32Array,
  functions: readonly ((...args: readonly number[]) => void)[],
  thread: number,
): void {
  for (
    let ticket = Atomics.load(words, 0);
    ticket > 0 && (ticket & 0xffff) > 0;
    ticket = Atomics.load(words, 0)
  ) {
    // Whoever lowers the ticket has the band. The run cannot end before that band is done: the words stay as they are.
    if (Atomics.compareExchange(words, 0, ticket, ticket - 1) !== ticket) continue;
    const args = words.subarray(4, 4 + words[3]!);
    const band = (ticket & 0xffff) - 1;
    let failure: unknown;
    try {
      functions[words[2]!]!(band, thread, ...args);
    } catch (error) {
      if (thread === 0) throw error;
      Atomics.store(words, 16 + thread, band + 1); // WORDS: this text stands alone
      failure = error;
    }
    if (Atomics.sub(words, 1, 1) === 1) Atomics.notify(words, 1);
    if (failure !== undefined) throw failure; // ends the thread; the next filter starts another
  }
}

/** What a thread does when it is asked to join. Stands alone but for `takeBands`. */
function join({ module, memory, names, words, thread }: Invitation): void {
  if (Atomics.load(words, 0) === -1) return;
  const { exports } = new WebAssembly.Instance(module, { kernel: { memory } });
  const functions = names.map((name) => exports[name] as (...args: readonly number[]) => void);
  for (let ticket = 0; ticket !== -1; ticket = Atomics.load(words, 0)) {
    takeBands(words, functions, thread);
    const now = Atomics.load(words, 0);
    if (now !== -1 && (now & 0xffff) === 0) Atomics.wait(words, 0, now);
  }
}

const helpers = new Map<number, Worker>();

/** Thread `i`, started when first needed; undefined where it cannot start. It does not keep the process alive. */
function helper(i: number): Worker | undefined {
  const known = helpers.get(i);
  if (known !== undefined) return known;
  // Text rather than a file: whether the program is compiled or run from its sources makes no difference.
  const text = `${takeBands}; ${join}; require('node:worker_threads').parentPort.on('message', join);`;
  const started = startedWorker(text);
  if (started === undefined) return undefined;
  started.on('error', () => helpers.delete(i)); // its share is done by the others
  started.unref();
  helpers.set(i, started);
  return started;
}

function startedWorker(text: string): Worker | undefined {
  try {
    return new Worker(text, { eval: true, name: 'filters', stdin: false });
  } catch {
    return undefined; // no room for another thread
  }
}
