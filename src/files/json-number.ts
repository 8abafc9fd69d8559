/** @file Numbers in JSON and CSV, which have no infinity. */

/** Infinite values become the strings "inf" and "-inf". */
export const toJsonValue = (value: number | null): number | string | null =>
  value === Infinity ? 'inf' : value === -Infinity ? '-inf' : value;

/** The number that `toJsonValue` wrote. */
export const fromJsonValue = (value: number | string | null): number | null =>
  typeof value === 'string' ? (value === 'inf' ? Infinity : -Infinity) : value;
