import { describe, expect, it } from 'vitest';
import type { RunLesson } from '../../src/harness/run-folder.ts';
import type { Manifest } from '../../src/harness/manifest.ts';
import { ballotOf, countVotes, type Votes } from '../../src/report/ballot.ts';

const lesson = (arm: RunLesson['arm'], protection: string | null, name: string): RunLesson => ({
  metric: 'lora-mimicry',
  artist: 'X',
  arm,
  protection,
  attack: null,
  seed: 0,
  prompts: ['a boat', 'a tree'],
  repeats: 2,
  pictures: [0, 1, 2, 3].map((i) => ({ sha256: `${name}${i}`, path: `/${name}${i}.png` })),
  losses: [1, 0.5],
  weights: null,
});
const generated = [
  lesson('clean', null, 'c'),
  lesson('protected', 'mist', 'm'),
  lesson('protected', 'identity', 'c'),
];
const manifest = { run: 'run-1' } as Manifest;
const pairs = ballotOf({ generated, manifest });

describe('a ballot', () => {
  it('pairs pictures of the same prompt and draws, and leaves out pairs of the very same picture', () => {
    expect(pairs).toHaveLength(4);
    for (const { left, right, armIsLeft, learnt, prompt } of pairs) {
      const [mine, control] = armIsLeft ? [left, right] : [right, left];
      expect([mine.replace('m', ''), learnt]).toEqual([control.replace('c', ''), 'mist']);
      expect(prompt).toBe(/[01]/.test(mine) ? 'a boat' : 'a tree');
    }
  });

  it('is the same for everybody who opens it, and another for another run', () => {
    expect(ballotOf({ generated, manifest })).toEqual(pairs);
    const orders = ['a', 'b', 'c', 'd', 'e'].map((run) =>
      JSON.stringify(ballotOf({ generated, manifest: { run } as Manifest })),
    );
    expect(new Set(orders).size).toBeGreaterThan(1);
  });

  it('counts votes for the arm’s model, whichever side it stood on, with Wilson intervals', () => {
    const vote = (forArm: boolean): Votes => ({
      run: 'run-1',
      votes: pairs.flatMap(({ id, armIsLeft }) => [
        {
          pair: id,
          question: 'style' as const,
          chosen: armIsLeft === forArm ? ('left' as const) : ('right' as const),
        },
        { pair: id, question: 'quality' as const, chosen: 'left' as const },
      ]),
    });
    const [style, quality] = countVotes(pairs, [vote(true), vote(true), vote(false)]);
    expect(style).toMatchObject({ learnt: 'mist', question: 'style', hits: 8, n: 12, rate: 8 / 12 });
    // Wilson's interval of 8 in 12.
    expect([style!.interval.lo, style!.interval.hi].map((v) => v.toFixed(3))).toEqual(['0.391', '0.862']);
    expect(quality).toMatchObject({ n: 12, hits: 3 * pairs.filter(({ armIsLeft }) => armIsLeft).length });
  });
});
