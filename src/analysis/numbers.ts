/** @file Numbers as the report prints them: three significant digits, a true minus sign, a true infinity. */
import type { Interval } from '../stats/bootstrap.ts';
import type { Estimate } from '../stats/inference.ts';

/** `0.0123`, `−4.56`, `38.2`, `1234`, `∞`; `–` if there is no number. */
export function formatNumber(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text =
    size < 1e-4 || size >= 1e6
      ? value.toExponential(digits - 1)
      : value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
  return text.replace('-', '−');
}

/** A share such as R: two decimals always, so that columns of it line up. */
export function formatShare(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatNumber(value);
  const text = value.toFixed(2);
  return (text === '-0.00' ? '0.00' : text).replace('-', '−');
}

/** `292 ms`, `30.6 s` */
export const formatTime = (ms: number): string =>
  ms < 1000 ? `${formatNumber(ms)} ms` : `${formatNumber(ms / 1000)} s`;

/** `[0.31, 0.55]`; empty if there is no interval. */
export function formatInterval(
  interval: Interval | undefined,
  format: (value: number) => string = formatNumber,
): string {
  return interval === undefined ? '' : `[${format(interval.lo)}, ${format(interval.hi)}]`;
}

/** `0.42 [0.31, 0.55]` */
export function formatEstimate(
  { value, interval }: Estimate,
  format: (value: number) => string = formatNumber,
): string {
  return `${format(value)} ${formatInterval(interval, format)}`.trimEnd();
}

/** `1 image`, `3 images` */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
