/**
 * @file Blind votes on what mimics paint: pairs of pictures of the same prompt and draws, one by the model that has learnt
 * clean art, the other by one that has learnt an arm. Two questions, as Hönig et al. 2025 put them to their raters (worded
 * anew): which fits the style, which has the higher quality. Sides and order are drawn from the run's hash.
 */
import { sha256 } from '../files/hashes.ts';
import type { RunFolder, MimicRun } from '../run/run-folder.ts';
import { deriveSeed, seededRandom, shuffled } from '../random.ts';
import type { Interval } from '../stats/bootstrap.ts';
import { wilsonInterval } from '../stats/rates.ts';
import { groupBy } from '../stats/group.ts';
import { sweptParameters } from '../analysis/names.ts';
import { distinctLessons, learntIn, UNTUNED } from './sheets.ts';

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
export function ballotOf(run: Pick<RunFolder, 'generated' | 'cells' | 'manifest'>): BallotPair[] {
  const random = seededRandom(deriveSeed(`ballot ${run.manifest.run}`));
  const swept = sweptParameters(run.cells.map(({ metric }) => metric));
  // Of a lesson that is swept, each setting has a model of its own that learnt clean pictures.
  const groups = groupBy(distinctLessons(run), ({ artist, metric, prompts, seed }) =>
    JSON.stringify([artist, metric, prompts, seed]),
  );
  const matched = [...groups.values()].flatMap((lessons) => {
    const clean = lessons.find(({ arm }) => arm === 'clean');
    if (clean === undefined) return [];
    const setting = swept.get(clean.metric) ?? '';
    return lessons.filter((lesson) => lesson !== clean).flatMap((lesson) => pairsOf(lesson, clean, setting));
  });
  const arms = groupBy(shuffled(matched, random), ({ learnt }) => learnt);
  const asked = evenly([...arms.values()], MOST_PAIRS);
  const sided = asked.flatMap((own) => {
    // Half of an arm's pictures stand on the left, so that a voter who likes one side favours nobody.
    const spare = random.int(2);
    return own.map((pair, i) => onSides(pair, (i + spare) % 2 === 0));
  });
  return shuffled(sided, random);
}

/** Two pictures of equal prompt and draws. */
interface Matched {
  readonly artist: string;
  readonly prompt: string;
  readonly learnt: string;
  readonly mine: MimicRun['pictures'][number];
  readonly control: MimicRun['pictures'][number];
}

/** Where both models made the very same picture there is nothing to choose. */
function pairsOf(lesson: MimicRun, clean: MimicRun, setting: string): Matched[] {
  const { artist, prompts, imagesPerPrompt } = lesson;
  const name = learntIn(lesson);
  const learnt = setting === '' || name === UNTUNED ? name : `${name}, ${setting}`;
  return lesson.pictures.flatMap((mine, i): Matched[] => {
    const control = clean.pictures[i]!;
    if (control.sha256 === mine.sha256) return [];
    return [{ artist, prompt: prompts[Math.floor(i / imagesPerPrompt)]!, learnt, mine, control }];
  });
}

/** The id follows from the two pictures and says nothing of which is whose: votes on other pictures do not count here. */
function onSides({ artist, prompt, learnt, mine, control }: Matched, armIsLeft: boolean): BallotPair {
  const [left, right] = armIsLeft ? [mine, control] : [control, mine];
  return {
    id: sha256(JSON.stringify([left.sha256, right.sha256, prompt, learnt])).slice(0, 12),
    artist,
    prompt,
    left: left.path,
    right: right.path,
    armIsLeft,
    learnt,
  };
}

/** The first of each group in turn, until there are `most`. */
function evenly<T>(groups: readonly (readonly T[])[], most: number): T[][] {
  const taken = groups.map((): T[] => []);
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  let left = most;
  for (let round = 0; round < longest; round++) {
    for (const [i, group] of groups.entries()) {
      if (round >= group.length || left === 0) continue;
      taken[i]!.push(group[round]!);
      left--;
    }
  }
  return taken;
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
