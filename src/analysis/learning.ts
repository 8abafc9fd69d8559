/**
 * @file Has the mimic learnt anything? Where a model that learnt an artist's clean pictures paints no more like the artist than
 * the model as it was, a protection has nothing to prevent, and no verdict on mimicry means anything. So the report asks that first.
 */
import type { RunFolder } from '../run/run-folder.ts';
import type { Row } from '../run/rows.ts';
import { bootstrapInterval, weightedMean } from '../stats/bootstrap.ts';
import { groupBy } from '../stats/group.ts';
import type { Estimate } from '../stats/residual.ts';
import type { Answers } from './analysis.ts';
import type { Effect } from './effect.ts';
import { formatEstimate, formatNumber } from './numbers.ts';

/** What clean pictures of one artist taught, by one metric. */
export interface Learning {
  readonly effect: Effect;
  readonly artist: string;
  /** Means of the model as it was, and of the one that learnt clean pictures. */
  readonly before: number;
  readonly after: number;
  /** Mean of after - before, painting by painting with the same draws. */
  readonly gain: Estimate;
  /** Pairs of paintings. */
  readonly n: number;
  /** Whether the gain's interval lies above 0. */
  readonly learnt: boolean;
  readonly sentence: string;
}

/** Of every metric that says how like an artist a model paints, artist by artist. */
export function learningsOf({ rows }: Pick<RunFolder, 'rows'>, { effects, draw }: Answers): Learning[] {
  const telling = effects.filter(({ metric }) => metric.kind === 'generated' && metric.higherIsBetter);
  const absolute = telling.filter((effect) => !isAgainstClean(effect));
  return (absolute.length > 0 ? absolute : telling).flatMap((effect) => {
    const own = rows.filter(({ metric, value }) => metric === effect.metric.label && value !== null);
    const pairs = groupBy(pairsOf(own), ({ artist }) => artist);
    return [...pairs]
      .filter(([, { length }]) => length > 1)
      .map(([artist, list]) => {
        const gains = list.map(({ before, after }) => after - before);
        const interval = bootstrapInterval(
          (weights) => weightedMean(gains, weights),
          draw(list.map(({ painting }) => painting)),
        );
        const gain = { value: mean(gains), interval };
        const learning = {
          effect,
          artist,
          before: mean(list.map(({ before }) => before)),
          after: mean(list.map(({ after }) => after)),
          gain,
          n: list.length,
          learnt: interval !== undefined && interval.lo > 0,
        };
        return { ...learning, sentence: say(learning) };
      });
  });
}

/** Success against the model that learnt clean pictures: that model meets itself, and tosses coins whatever it has learnt. */
const isAgainstClean = ({ metric }: Effect): boolean => metric.links.some(({ id }) => id === 'lora-mimicry');

interface Pair {
  readonly artist: string;
  readonly painting: string;
  readonly before: number;
  readonly after: number;
}

/** The same painting by both models. Clean arms of cells are the same paintings, which count once. */
function pairsOf(rows: readonly Row[]): Pair[] {
  const key = ({ seed, image }: Row): string => JSON.stringify([seed, image]);
  const of = (arm: Row['arm']) =>
    new Map(rows.filter((row) => row.arm === arm).map((row) => [key(row), row] as const));
  const taught = of('clean');
  return [...of('untuned')].flatMap(([painting, { image, value }]) => {
    const after = taught.get(painting)?.value;
    const artist = image.slice(0, image.indexOf(': '));
    return typeof after === 'number' ? [{ artist, painting, before: value!, after }] : [];
  });
}

function say({ artist, effect, before, after, gain, learnt }: Omit<Learning, 'sentence'>): string {
  const [{ name } = { name: effect.metric.label }] = effect.metric.links;
  // Names of these metrics say what they are about, which the sentence has said.
  const numbers = `${name.replace(/^Mimicry: /, '')} is ${formatNumber(before)} as it is and ${formatNumber(after)} after clean pictures, a gain of ${formatEstimate(gain)}`;
  return learnt
    ? `The mimic learns ${artist}: ${numbers}.`
    : `The mimic does not learn ${artist}: ${numbers}. What it would make of protected pictures says nothing.`;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Those of the metric that a reader is told of first. */
export const leadingLearnings = (learnings: readonly Learning[]): readonly Learning[] =>
  learnings.filter(({ effect }) => effect === learnings[0]!.effect);
