import { describe, expect, it } from 'vitest';
import { deriveSeed, seededRandom } from '../src/random.ts';

describe('seededRandom', () => {
  it('gives the same stream for the same seed and another for another', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 8 }, () => random.uniform());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('draws uniforms, normals and signs with the right moments', () => {
    const random = seededRandom(deriveSeed('moments'));
    const n = 40_000;
    let uniform = 0;
    let normal = 0;
    let square = 0;
    let signs = 0;
    for (let i = 0; i < n; i++) {
      uniform += random.uniform();
      const z = random.normal();
      normal += z;
      square += z * z;
      signs += random.sign();
    }
    // Five standard errors each.
    expect(Math.abs(uniform / n - 0.5)).toBeLessThan((5 * 0.2887) / Math.sqrt(n));
    expect(Math.abs(normal / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(square / n - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(n));
    expect(Math.abs(signs / n)).toBeLessThan(5 / Math.sqrt(n));
  });

  it('forks streams that do not depend on how many draws were made before', () => {
    const a = seededRandom(1);
    const b = seededRandom(1);
    b.uniform();
    b.normal();
    expect(a.fork('x').uniform()).toBe(b.fork('x').uniform());
    expect(a.fork('x').uniform()).not.toBe(a.fork('y').uniform());
  });
});
