// @ts-check
/**
 * @file What every thread does that shares in a kernel's bands, this program's own and its helpers. Plain JavaScript, since
 * a helper runs it as it stands: in the compiled program, and under tests that run from sources.
 */

/**
 * Words that threads share, by their index. The ticket holds the bands not yet taken in its low bits (`LEFT`) and a number of
 * the run above them; it is -1 where there is no more work. From `FAILED` + thread on: the band, plus 1, that a thread failed
 * at. That band counts as done, and is done again by who waits for it.
 */
export const WORD = /** @type {const} */ ({ ticket: 0, open: 1, callee: 2, count: 3, args: 4, failed: 16 });

export const LEFT = 0xffff;

/**
 * @typedef {(...args: readonly number[]) => void} Callee
 *
 * @typedef {object} Invitation What a thread is told when it is asked to join.
 * @property {WebAssembly.Module} module
 * @property {WebAssembly.Memory} memory
 * @property {readonly string[]} names The module's functions, in the order by which they are called.
 * @property {Int32Array} words
 * @property {number} thread 1 or more; 0 is the thread that asks.
 */

/**
 * Takes bands of the current run and does them until none is left. What the asking thread fails at is thrown at once; a
 * helper leaves word of it first.
 *
 * @param {Int32Array} words
 * @param {readonly Callee[]} functions
 * @param {number} thread
 */
export function takeBands(words, functions, thread) {
  for (;;) {
    const ticket = Atomics.load(words, WORD.ticket);
    if (ticket <= 0 || (ticket & LEFT) === 0) return;
    // Whoever lowers the ticket has the band. The run cannot end before that band is done: the words stay as they are.
    if (Atomics.compareExchange(words, WORD.ticket, ticket, ticket - 1) !== ticket) continue;
    const args = words.subarray(WORD.args, WORD.args + at(words, WORD.count));
    const band = (ticket & LEFT) - 1;
    try {
      at(functions, at(words, WORD.callee))(band, thread, ...args);
    } catch (error) {
      if (thread > 0) {
        Atomics.store(words, WORD.failed + thread, band + 1);
        bandDone(words);
      }
      throw error; // ends a helper; the next kernel starts another
    }
    bandDone(words);
  }
}

/**
 * What a helper does when it is asked to join.
 *
 * @param {Invitation} invitation
 */
export function join({ module, memory, names, words, thread }) {
  if (Atomics.load(words, WORD.ticket) === -1) return;
  const { exports } = new WebAssembly.Instance(module, { kernel: { memory } });
  const functions = names.map((name) => /** @type {Callee} */ (exports[name]));
  for (let ticket = 0; ticket !== -1; ticket = Atomics.load(words, WORD.ticket)) {
    takeBands(words, functions, thread);
    const now = Atomics.load(words, WORD.ticket);
    if (now !== -1 && (now & LEFT) === 0) Atomics.wait(words, WORD.ticket, now);
  }
}

/** @param {Int32Array} words */
function bandDone(words) {
  if (Atomics.sub(words, WORD.open, 1) === 1) Atomics.notify(words, WORD.open);
}

/**
 * @template T
 * @param {ArrayLike<T>} list
 * @param {number} index one that is there
 */
const at = (list, index) => /** @type {T} */ (list[index]);
