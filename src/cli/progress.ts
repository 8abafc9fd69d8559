/** @file Progress on standard error: a bar with the time left on a terminal, a line every ten seconds elsewhere. */
import { duration, note } from './terminal.ts';

export interface Progress {
  /** `done` of `total` units of work; `doing` names the current work; `left` is the remaining time (ms), if it is known better than from the pace so far. */
  update(done: number, total: number, doing: string, left?: number): void;
  /** Removes the bar. */
  end(): void;
}

const BAR_WIDTH = 24;
const REDRAW_MS = 100;
const QUIET_LINE_MS = 10_000;

/** The progress of a task that starts now. `quiet` shows nothing. */
export function startProgress({ quiet = false, stream = process.stderr } = {}): Progress {
  if (quiet) return { update: () => undefined, end: () => undefined };
  const started = performance.now();
  let shown = stream.isTTY ? Number.NEGATIVE_INFINITY : started;

  const timeLeft = (done: number, total: number): number | undefined => {
    const elapsed = performance.now() - started;
    return done <= 0 || elapsed < 1000 ? undefined : (elapsed / done) * (total - done);
  };

  const update: Progress['update'] = (done, total, doing, known) => {
    const now = performance.now();
    if (now - shown < (stream.isTTY ? REDRAW_MS : QUIET_LINE_MS)) return;
    shown = now;
    const percent = `${Math.floor((100 * done) / Math.max(1, total))} %`;
    const ms = known ?? timeLeft(done, total);
    const left = ms === undefined ? '' : `${duration(ms)} left`;
    if (!stream.isTTY) {
      note([percent, doing, left].filter(Boolean).join(', '));
      return;
    }
    const filled = Math.round((BAR_WIDTH * done) / Math.max(1, total));
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    const line = [bar, percent.padStart(5), left.padEnd(16), doing].join(' ');
    stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
  };

  return { update, end: () => void (stream.isTTY && stream.write('\r\x1b[2K')) };
}
