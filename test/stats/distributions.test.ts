import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalCdf, normalQuantile, studentQuantile } from '../../src/stats/distributions.ts';

describe('the normal distribution', () => {
  // Tabulated to 16 digits (Abramowitz and Stegun 26.1; NIST DLMF 7).
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [-3, 0.0013498980316300946],
    [-8, 6.220960574271786e-16],
  ])('has P(Z <= %d) = %d', (z, p) => {
    expect(Math.abs(normalCdf(z) / p - 1)).toBeLessThan(1e-13);
  });

  it('has a quantile that undoes its distribution function', () => {
    fc.assert(
      fc.property(fc.double({ min: -6, max: 6, noNaN: true }), (z) => {
        expect(normalQuantile(normalCdf(z))).toBeCloseTo(z, 6);
      }),
    );
  });

  it('has infinite quantiles at 0 and 1', () => {
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  });
});

describe("Student's t distribution", () => {
  it.each([
    [0.975, 1, 12.7062047361747],
    [0.975, 2, 4.30265272974946],
    [0.975, 10, 2.2281388519649385],
    [0.025, 29, -2.045229642132703],
    [0.95, 100, 1.6602343260853425],
  ])('has the %d-quantile at %d degrees of freedom where tables put it', (p, df, t) => {
    expect(studentQuantile(p, df)).toBeCloseTo(t, 10);
  });

  it('comes to the normal distribution as the degrees of freedom grow', () => {
    expect(studentQuantile(0.975, 1e6)).toBeCloseTo(normalQuantile(0.975), 5);
  });
});
