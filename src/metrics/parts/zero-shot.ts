/**
 * @file Which words fit a picture best, by a network that has learnt pictures and words together (Radford et al. 2021,
 * section 3.1): the words whose vectors lie nearest in angle to the picture's.
 */
import { openTokenizer } from '../../diffusion/tokenizer.ts';
import { mixedTowers } from '../../messages/index.ts';
import type { RoleModel } from '../../models/open.ts';
import { tensor } from '../../onnx/tensor.ts';
import { openRole } from '../../plugin/define.ts';
import { cosine } from '../../stats/directions.ts';
import type { ImageRef, MetricContext } from '../define.ts';

/** CLIP in both of its roles, for `pins`; a plug-in that pins them needs them, too. */
export const CLIP_PINS = {
  'image-embedder': ['clip-vit-b-32', 'clip-vit-l-14', 'clip-vit-l-14-336'],
  'text-embedder': ['clip-vit-b-32', 'clip-vit-l-14', 'clip-vit-l-14-336'],
} as const;

/** All texts, those that fit the picture best first; equal ones in the order given. `metric` is for messages. */
export async function rankedTexts(
  metric: string,
  picture: ImageRef,
  texts: readonly string[],
  context: MetricContext,
): Promise<string[]> {
  const [eye, words] = [await openRole(context, 'image-embedder'), await openRole(context, 'text-embedder')];
  if (eye.model.id !== words.model.id) throw mixedTowers(metric, eye.model.id, words.model.id);
  const seen = await context.vectorOf(picture, 'image-embedder');
  const fits: { text: string; fit: number }[] = [];
  for (const text of texts) fits.push({ text, fit: cosine(seen, await vectorOfText(words, text)) });
  return fits.sort((a, b) => b.fit - a.fit).map(({ text }) => text);
}

type TextEmbedder = RoleModel<'text-embedder'>;

/** What each open model makes of each text: the same few are asked of every picture. */
const known = new WeakMap<TextEmbedder, Map<string, Promise<Float32Array>>>();

/** Read alone, so that no text depends on which others are asked for. */
function vectorOfText(model: TextEmbedder, text: string): Promise<Float32Array> {
  const own = known.get(model) ?? new Map<string, Promise<Float32Array>>();
  known.set(model, own);
  const made = own.get(text) ?? embedText(model, text);
  own.set(text, made);
  return made;
}

async function embedText(words: TextEmbedder, text: string): Promise<Float32Array> {
  const { inputs } = words.graph.graph;
  const fixed = inputs.find(({ name }) => name === 'tokens')?.shape?.[1];
  const tokenizer = await openTokenizer(words.model, typeof fixed === 'number' ? fixed : undefined);
  const ids = BigInt64Array.from(tokenizer.encode(text).ids, BigInt);
  const dims = [1, ids.length];
  // Some exports ask which tokens count. All may: CLIP reads forward, and takes the vector at the end token.
  const mask = inputs.some(({ name }) => name === 'attention_mask')
    ? { attention_mask: tensor('int64', dims, new BigInt64Array(ids.length).fill(1n)) }
    : {};
  const { embedding } = await words.run({ tokens: tensor('int64', dims, ids), ...mask });
  return embedding.data.slice();
}
