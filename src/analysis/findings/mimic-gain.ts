/**
 * @file Whether the mimic gains from fine-tuning at all. If a model trained on an artist's clean images generates nothing more
 * like the artist than the base model, a protection has nothing to prevent. Then no verdict on mimicry means anything, so the
 * report says this first.
 */
import type { RunFolder } from '../../run/run-folder.ts';
import type { Row } from '../../run/rows.ts';
import { groupBy } from '../../stats/group.ts';
import { mean } from '../../stats/mean.ts';
import type { Estimate } from '../../stats/inference.ts';
import type { Answers, Effect } from '../answers.ts';
import { formatEstimate, formatNumber } from '../numbers.ts';
import { underSeed } from '../replication.ts';
import { tellsGain } from '../roles.ts';

/** The gain of a mimic from the clean images of one artist, by one metric. */
export interface MimicGain {
  readonly effect: Effect;
  /** `*` if the mimic is trained on the whole data set. */
  readonly artist: string;
  /** Means of the base model, and of the model trained on clean images. */
  readonly before: number;
  readonly after: number;
  /** Mean of after - before, sample by sample with the same draws. */
  readonly gain: Estimate;
  /** Pairs of samples. */
  readonly n: number;
  /** Whether the interval of the gain is above 0. */
  readonly gained: boolean;
  readonly sentence: string;
}

/** The gains by every metric that says how like an artist the samples are, artist by artist. */
export function mimicGainsOf(
  { rows }: Pick<RunFolder, 'rows'>,
  { effects, infer }: Pick<Answers, 'effects' | 'infer'>,
): MimicGain[] {
  const telling = effects.filter(({ metric }) => tellsGain(metric));
  const absolute = telling.filter(({ metric }) => metric.againstControl !== true);
  return (absolute.length > 0 ? absolute : telling).flatMap((effect) => {
    const own = rows.filter(({ metric, value }) => metric === effect.metric.label && value !== null);
    const pairs = groupBy(pairsOf(own), ({ artist }) => artist);
    return [...pairs]
      .filter(([, { length }]) => length > 1)
      .map(([artist, list]) => gainOf(effect, artist, list, infer));
  });
}

function gainOf(effect: Effect, artist: string, pairs: readonly Pair[], infer: Answers['infer']): MimicGain {
  const gains = pairs.map(({ before, after }) => after - before);
  const gain = infer(pairs.map(({ sample }) => sample)).mean(gains);
  const found = {
    effect,
    artist,
    before: mean(pairs.map(({ before }) => before)),
    after: mean(pairs.map(({ after }) => after)),
    gain,
    n: pairs.length,
    gained: gain.interval !== undefined && gain.interval.lo > 0,
  };
  return { ...found, sentence: say(found) };
}

/** The same sample by both models. */
interface Pair {
  readonly artist: string;
  readonly sample: string;
  readonly before: number;
  readonly after: number;
}

/** The samples that both models have. The clean arms of all cells are the same samples, which count once. */
function pairsOf(rows: readonly Row[]): Pair[] {
  const several = new Set(rows.map(({ seed }) => seed)).size > 1;
  const key = ({ seed, image }: Row): string => (several ? underSeed(image, seed) : image);
  const of = (arm: Row['arm']) =>
    new Map(rows.filter((row) => row.arm === arm).map((row) => [key(row), row] as const));
  const trained = of('clean');
  return [...of('untuned')].flatMap(([sample, { image, value }]) => {
    const after = trained.get(sample)?.value;
    const artist = image.slice(0, image.indexOf(': '));
    return typeof after === 'number' ? [{ artist, sample, before: value!, after }] : [];
  });
}

function say({ artist, effect, before, after, gain, gained }: Omit<MimicGain, 'sentence'>): string {
  const [{ name } = { name: effect.metric.label }] = effect.metric.links;
  // Names of these metrics begin with their subject, which the sentence has named.
  const metric = name.replace(/^Mimicry: /, '');
  const images = artist === '*' ? 'the clean images' : `clean images of ${artist}`;
  const numbers = `${metric} is ${formatNumber(before)} before and ${formatNumber(after)} after, a gain of ${formatEstimate(gain)}`;
  return gained
    ? `The mimic gains from training on ${images}: ${numbers}.`
    : `The mimic does not gain from training on ${images}: ${numbers}. So its results on protected images say nothing about a protection.`;
}

/** The gains by the metric that a reader sees first. */
export const leadingGains = (gains: readonly MimicGain[]): readonly MimicGain[] =>
  gains.filter(({ effect }) => effect === gains[0]!.effect);
