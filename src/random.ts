/**
 * @file Seeded random numbers. Every random draw of the program comes from a generator made here and passed in;
 * there is no global random state, so that a seed and a key reproduce any artefact alone.
 */
import { createHash } from 'node:crypto';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of seeded random draws. */
export interface Random {
  /** A number in [0, 1) with 53 random bits. */
  uniform(): number;
  /** A standard normal draw (Box-Muller, both halves used). */
  normal(): number;
  /** An integer in 0..n-1. */
  int(n: number): number;
  /** -1 or +1 with equal probability. */
  sign(): -1 | 1;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** An independent stream named by `key`; the same key gives the same stream however many draws were made. */
  fork(key: string): Random;
}

/** A 32-bit seed derived from anything canonical: `sha256(text)`, first four bytes. */
export function deriveSeed(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

/** A generator (xoroshiro128+) for an integer seed. */
export function seededRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  let spare: number | undefined;

  const uniform = (): number => {
    const high = generator.next() >>> 5; // 27 bits
    const low = generator.next() >>> 6; // 26 bits
    return (high * 2 ** 26 + low) / 2 ** 53;
  };

  return {
    uniform,
    normal: () => {
      if (spare !== undefined) {
        const draw = spare;
        spare = undefined;
        return draw;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform())); // 1 - u is in (0, 1]
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    int: (n) => Math.floor(uniform() * n),
    sign: () => (generator.next() < 0 ? -1 : 1),
    pick: (items) => items[Math.floor(uniform() * items.length)]!,
    fork: (key) => seededRandom(deriveSeed(`${seed}/${key}`)),
  };
}

/** The items in a drawn order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
