import { describe, expect, it } from 'vitest';
import type { CellRecord, MimicRun } from '../../src/run/run-folder.ts';
import type { MetricSetting } from '../../src/experiment/setting.ts';
import type { Manifest } from '../../src/run/manifest.ts';
import { ballotOf, countVotes } from '../../src/report/ballot.ts';
import type { Votes } from '../../src/report/page/client/page-data.ts';
import { settingOf } from '../report-fixture.ts';

const modelOf = (arm: MimicRun['arm'], protection: string | null, name: string): MimicRun => ({
  metric: 'lora-mimicry',
  artist: 'X',
  arm,
  protection,
  attack: null,
  seed: 0,
  prompts: ['a boat', 'a tree'],
  imagesPerPrompt: 2,
  pictures: [0, 1, 2, 3].map((i) => ({ sha256: `${name}${i}`, path: `/${name}${i}.png` })),
  losses: [1, 0.5],
  weights: null,
});
const generated = [
  modelOf('clean', null, 'c'),
  modelOf('protected', 'mist', 'm'),
  modelOf('protected', 'identity', 'c'),
];
const manifest = { run: 'run-1' } as Manifest;
const pairs = ballotOf({ generated, cells: [], manifest });

describe('a ballot', () => {
  it('pairs pictures of the same prompt and draws, and leaves out pairs of the very same picture', () => {
    expect(pairs).toHaveLength(4);
    for (const { left, right, armIsLeft, trainedOn, prompt } of pairs) {
      const [mine, control] = armIsLeft ? [left, right] : [right, left];
      expect([mine.replace('m', ''), trainedOn]).toEqual([control.replace('c', ''), 'mist']);
      expect(prompt).toBe(/[01]/.test(mine) ? 'a boat' : 'a tree');
    }
  });

  it('has half of each arm’s pictures on the left, and asks no more than sixty, evenly over the arms', () => {
    const many = (protection: string): MimicRun => ({
      ...modelOf('protected', protection, protection),
      prompts: Array.from({ length: 41 }, (_, i) => `p${i}`),
      imagesPerPrompt: 1,
      pictures: Array.from({ length: 41 }, (_, i) => ({ sha256: `${protection}${i}`, path: `/${i}.png` })),
    });
    const clean = { ...many('c'), arm: 'clean' as const, protection: null };
    const asked = ballotOf({ generated: [clean, many('mist'), many('noise')], cells: [], manifest });
    expect(asked).toHaveLength(60);
    for (const name of ['mist', 'noise']) {
      const own = asked.filter(({ trainedOn }) => trainedOn === name);
      expect(own).toHaveLength(30);
      expect(own.filter(({ armIsLeft }) => armIsLeft)).toHaveLength(15);
    }
    expect(new Set(asked.map(({ id }) => id)).size).toBe(60);
  });

  it('holds each setting of a swept mimic against its own model of clean images, and says which it is', () => {
    const settings = ['lora', 'full'].map((method) => settingOf('lora-mimicry', { method }) as MetricSetting);
    const cells = settings.map((metric) => ({
      metric,
      protection: settingOf('mist'),
      attack: settingOf('identity', {}, { role: 'baseline' }),
    })) as unknown as CellRecord[];
    const trained = settings.flatMap(({ label }, i) => [
      { ...modelOf('clean', null, `c${i}`), metric: label },
      { ...modelOf('protected', 'mist', `m${i}`), metric: label },
      { ...modelOf('attacked-protected', 'mist', `m${i}`), metric: label, attack: 'identity' },
    ]);
    const asked = ballotOf({ generated: trained, cells, manifest });
    expect(asked).toHaveLength(8); // an attack that does nothing is not asked about
    for (const { left, right, trainedOn } of asked) {
      const setting = trainedOn === 'mist, method=lora' ? '0' : '1';
      expect([left, right].map((path) => path.slice(1, 3)).sort()).toEqual([`c${setting}`, `m${setting}`]);
      expect(trainedOn).toMatch(/^mist, method=(lora|full)$/);
    }
  });

  it('is the same for everybody who opens it, and another for another run', () => {
    expect(ballotOf({ generated, cells: [], manifest })).toEqual(pairs);
    const orders = ['a', 'b', 'c', 'd', 'e'].map((run) =>
      JSON.stringify(ballotOf({ generated, cells: [], manifest: { run } as Manifest })),
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
    expect(style).toMatchObject({ trainedOn: 'mist', question: 'style', hits: 8, n: 12, rate: 8 / 12 });
    // Wilson's interval of 8 in 12.
    expect([style!.interval.lo, style!.interval.hi].map((v) => v.toFixed(3))).toEqual(['0.391', '0.862']);
    expect(quality).toMatchObject({ n: 12, hits: 3 * pairs.filter(({ armIsLeft }) => armIsLeft).length });
  });
});
