/** @file Rounding as C's `rint` does it, which OpenCV rounds with. */

/** The nearest whole number; of two, the even one. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below + Math.abs(below % 2);
}
