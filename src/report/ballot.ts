/**
 * @file Blind votes on what mimics paint: pairs of pictures of the same prompt and draws, one by the model that has learnt
 * clean art, the other by one that has learnt an arm. Two questions, as Hönig et al. 2025 put them to their raters (worded
 * anew): which fits the style, which has the higher quality. Sides and order are drawn from the run's hash.
 */
import type { RunFolder, RunLesson } from '../harness/run-folder.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import type { Interval } from '../stats/bootstrap.ts';
import { wilsonInterval } from '../stats/rates.ts';
import { groupBy } from './group.ts';
import { learntIn } from './sheets.ts';

export const QUESTIONS = ['style', 'quality'] as const;
export type Question = (typeof QUESTIONS)[number];

/** Two pictures to choose between. */
export interface BallotPair {
  readonly id: string;
  readonly artist: string;
  readonly prompt: string;
  /** Paths; which is whose is told by `armIsLeft` alone. */
  readonly left: string;
  readonly right: string;
  readonly armIsLeft: boolean;
  /** What the arm's model has learnt. */
  readonly learnt: string;
}

/** Pairs that one voter is asked about at most. */
const MOST_PAIRS = 60;

/** The pairs of a run: for each arm that was protected, attacked or both, and for the model as it is. */
export function ballotOf({ generated, manifest }: Pick<RunFolder, 'generated' | 'manifest'>): BallotPair[] {
  const random = seededRandom(deriveSeed(`ballot ${manifest.run}`));
  const groups = groupBy(generated, ({ artist, prompts, seed }) => JSON.stringify([artist, prompts, seed]));
  const pairs = [...groups.values()].flatMap((lessons) => {
    const clean = lessons.find(({ arm }) => arm === 'clean');
    if (clean === undefined) return [];
    return lessons.filter((lesson) => lesson !== clean).flatMap((lesson) => pairsOf(lesson, clean));
  });
  for (let i = pairs.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [pairs[i], pairs[j]] = [pairs[j]!, pairs[i]!];
  }
  return pairs.slice(0, MOST_PAIRS).map(([lesson, mine, control, prompt], i) => {
    const armIsLeft = random.uniform() < 0.5;
    const [left, right] = armIsLeft ? [mine, control] : [control, mine];
    return {
      id: `pair ${i + 1}`,
      artist: lesson.artist,
      prompt,
      left,
      right,
      armIsLeft,
      learnt: learntIn(lesson),
    };
  });
}

type Matched = readonly [lesson: RunLesson, mine: string, control: string, prompt: string];

/** Pictures of equal prompt and draws; where both models made the very same picture there is nothing to choose. */
function pairsOf(lesson: RunLesson, clean: RunLesson): Matched[] {
  return lesson.pictures.flatMap(({ sha256, path }, i): Matched[] => {
    const control = clean.pictures[i]!;
    if (control.sha256 === sha256) return [];
    return [[lesson, path, control.path, lesson.prompts[Math.floor(i / lesson.repeats)]!]];
  });
}

/** What a voter's page exports. */
export interface Votes {
  readonly run: string;
  readonly votes: readonly {
    readonly pair: string;
    readonly question: Question;
    readonly chosen: 'left' | 'right';
  }[];
}

/** How often raters preferred an arm's model to that of clean art. */
export interface VoteRate {
  readonly learnt: string;
  readonly question: Question;
  readonly hits: number;
  readonly n: number;
  readonly rate: number;
  readonly interval: Interval;
}

/** Success rates by arm and question, over all voters, with Wilson intervals. */
export function countVotes(pairs: readonly BallotPair[], ballots: readonly Votes[]): VoteRate[] {
  const byId = new Map(pairs.map((pair) => [pair.id, pair]));
  const cast = ballots.flatMap(({ votes }) =>
    votes.flatMap(({ pair: id, question, chosen }) => {
      const pair = byId.get(id);
      if (pair === undefined) return [];
      return [{ learnt: pair.learnt, question, hit: (chosen === 'left') === pair.armIsLeft }];
    }),
  );
  return [...groupBy(cast, ({ learnt, question }) => JSON.stringify([learnt, question])).values()].map(
    (group) => {
      const { learnt, question } = group[0]!;
      const [hits, n] = [group.filter(({ hit }) => hit).length, group.length];
      return { learnt, question, hits, n, rate: hits / n, interval: wilsonInterval(hits, n) };
    },
  );
}
