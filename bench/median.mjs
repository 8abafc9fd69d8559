/** @file What benchmarks print of repeated times. */

/** The middle value, the upper one of two; NaN if there are none. */
export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
