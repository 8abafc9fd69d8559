/** @file The samples of a mimic: a model that was fine-tuned on an arm's images. */
import { type MimicSpec, sampleCount } from '../../diffusion/mimic.ts';
import { unknownName } from '../../messages/index.ts';
import { ARMS } from '../arms.ts';
import type { GeneratedMetric, PictureFacts } from '../define.ts';
import type { Kind, Parameters, Unit } from './kind.ts';

export const generated: Kind<GeneratedMetric> = {
  value: 'sample',
  sees: 'features',
  inputs: 'mimic',
  references: 'held-out',
  fields: () => ({}),
  units: (items, metric, params) =>
    artistsOf(items, metric, params).flatMap((artist) =>
      unitsOfMimic(
        metric.trainsOn === 'all' ? items : items.filter((item) => (item.artist ?? '') === artist),
        artist,
        metric,
        params,
      ),
    ),
  measure: (metric, { inputs, references, sample }, params, context) => {
    const { index, artist, controls: places } = sample!;
    const [controls, heldOut] = [references.slice(0, places.length), references.slice(places.length)];
    if (metric.judgeAll !== undefined) return metric.judgeAll(inputs, artist, heldOut, params, context);
    return metric.judge({ picture: inputs[0]!, controls, index, artist }, heldOut, params, context);
  },
};

/** The artists whose works train a mimic each; `*`: one mimic is trained on all works. */
function artistsOf(
  items: readonly PictureFacts[],
  metric: GeneratedMetric,
  params: Parameters,
): readonly string[] {
  if (metric.trainsOn === 'all') return ['*'];
  const there = [...new Set(items.map(({ artist = '' }) => artist))];
  const wanted = metric.artists?.(params) ?? there;
  const unknown = wanted.find((name) => !there.includes(name));
  if (unknown !== undefined) throw unknownName('artist', unknown, there, { code: 'USAGE' });
  return wanted;
}

/** One unit for each sample that is judged; if the metric judges all samples as one set, one for the mimic. */
function unitsOfMimic<Item extends PictureFacts>(
  items: readonly Item[],
  artist: string,
  metric: GeneratedMetric,
  params: Parameters,
): Unit<Item>[] {
  const arms = [...ARMS, 'untuned'] as const;
  if (metric.judgeAll !== undefined)
    return [{ name: `${artist}: all`, items, arms, sample: { index: 0, artist, controls: [] } }];
  const mimic = metric.mimic(params);
  return Array.from({ length: sampleCount(mimic) }, (_, index) => index)
    .filter((index) => metric.judged?.(index, params) ?? true)
    .map((index) => {
      const prompt = mimic.prompts[Math.floor(index / mimic.imagesPerPrompt)]!;
      const name = `${artist}: ${prompt} #${(index % mimic.imagesPerPrompt) + 1}`;
      return { name, items, arms, sample: { index, artist, controls: controlsOf(metric, mimic, index) } };
    });
}

/** The places of a sample's controls; a sample is never its own control under other draws. */
function controlsOf(
  { controls }: GeneratedMetric,
  { prompts, imagesPerPrompt: each }: Pick<MimicSpec, 'prompts' | 'imagesPerPrompt'>,
  index: number,
): readonly number[] {
  if (controls === undefined) return [];
  if (controls === 'counterpart') return [index];
  const all = Array.from({ length: prompts.length * each }, (_, place) => place);
  const promptOf = (place: number): number => (each === 1 ? 0 : Math.floor(place / each));
  return all.filter((place) => place !== index && promptOf(place) === promptOf(index));
}
