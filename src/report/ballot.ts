/**
 * @file Blind votes on samples of mimics: pairs of the same prompt and draws, one by the model of clean images, the other by
 * the model of another arm. Two questions, as Hönig et al. 2025 put them to their raters, in our words: which fits the style,
 * which has the higher quality. Sides and order are drawn from the run's hash.
 */
import { sha256 } from '../files/hashes.ts';
import type { RunFolder, MimicRun } from '../run/run-folder.ts';
import { deriveSeed, seededRandom, shuffled } from '../random.ts';
import type { Interval } from '../stats/bootstrap.ts';
import { wilsonInterval } from '../stats/rates.ts';
import { groupBy } from '../stats/group.ts';
import { sweptParameters } from '../analysis/names.ts';
import type { Question, Votes } from './page/client/page-data.ts';
import { distinctModels, trainingSetOf, UNTUNED } from './sheets.ts';

export const QUESTIONS = ['style', 'quality'] as const satisfies readonly Question[];

/** Two pictures to choose between. */
export interface BallotPair {
  readonly id: string;
  readonly artist: string;
  readonly prompt: string;
  /** Paths; only `armIsLeft` says which is whose. */
  readonly left: string;
  readonly right: string;
  readonly armIsLeft: boolean;
  /** What the arm's model was trained on. */
  readonly trainedOn: string;
}

/** A voter is asked about this many pairs at most. */
const MOST_PAIRS = 60;

/** The pairs of a run: for each arm that was protected, attacked or both, and for the model without fine-tuning. */
export function ballotOf(run: Pick<RunFolder, 'generated' | 'cells' | 'manifest'>): BallotPair[] {
  const random = seededRandom(deriveSeed(`ballot ${run.manifest.run}`));
  const swept = sweptParameters(run.cells.map(({ metric }) => metric));
  // Each setting of a swept mimic has a model of clean images of its own.
  const groups = groupBy(distinctModels(run), ({ artist, metric, prompts, seed }) =>
    JSON.stringify([artist, metric, prompts, seed]),
  );
  const matched = [...groups.values()].flatMap((models) => {
    const clean = models.find(({ arm }) => arm === 'clean');
    if (clean === undefined) return [];
    const setting = swept.get(clean.metric) ?? '';
    return models.filter((model) => model !== clean).flatMap((model) => pairsOf(model, clean, setting));
  });
  const arms = groupBy(shuffled(matched, random), ({ trainedOn }) => trainedOn);
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
  readonly trainedOn: string;
  readonly mine: MimicRun['pictures'][number];
  readonly control: MimicRun['pictures'][number];
}

/** Pairs of different pictures: there is nothing to choose between equal ones. */
function pairsOf(model: MimicRun, clean: MimicRun, setting: string): Matched[] {
  const { artist, prompts, imagesPerPrompt } = model;
  const name = trainingSetOf(model);
  const trainedOn = setting === '' || name === UNTUNED ? name : `${name}, ${setting}`;
  return model.pictures.flatMap((mine, i): Matched[] => {
    const control = clean.pictures[i]!;
    if (control.sha256 === mine.sha256) return [];
    return [{ artist, prompt: prompts[Math.floor(i / imagesPerPrompt)]!, trainedOn, mine, control }];
  });
}

/** The id follows from the two pictures and says nothing of which is whose: votes on other pictures do not count here. */
function onSides({ artist, prompt, trainedOn, mine, control }: Matched, armIsLeft: boolean): BallotPair {
  const [left, right] = armIsLeft ? [mine, control] : [control, mine];
  return {
    id: sha256(JSON.stringify([left.sha256, right.sha256, prompt, trainedOn])).slice(0, 12),
    artist,
    prompt,
    left: left.path,
    right: right.path,
    armIsLeft,
    trainedOn,
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

/** How often raters preferred an arm's model to the model of clean images. */
export interface VoteRate {
  /** What the arm's model was trained on. */
  readonly trainedOn: string;
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
      return [{ trainedOn: pair.trainedOn, question, hit: (chosen === 'left') === pair.armIsLeft }];
    }),
  );
  return [...groupBy(cast, ({ trainedOn, question }) => JSON.stringify([trainedOn, question])).values()].map(
    (group) => {
      const { trainedOn, question } = group[0]!;
      const [hits, n] = [group.filter(({ hit }) => hit).length, group.length];
      return { trainedOn, question, hits, n, rate: hits / n, interval: wilsonInterval(hits, n) };
    },
  );
}
