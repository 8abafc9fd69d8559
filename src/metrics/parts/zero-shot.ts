/**
 * @file Texts ranked by how well they describe an image, by a network that embeds both (Radford et al. 2021, section 3.1): by
 * the cosine of text and image embeddings.
 */
import { openTokenizer } from '../../diffusion/tokenizer.ts';
import { mixedTowers } from '../../messages/index.ts';
import type { RoleModel } from '../../models/open.ts';
import { tensor } from '../../onnx/tensor.ts';
import { openRole } from '../../plugin/define.ts';
import { cosine } from '../../stats/directions.ts';
import type { ImageRef, MetricContext } from '../define.ts';

/** CLIP in both of its roles, for `pins`; a plug-in that pins them also needs them. */
export const CLIP_PINS = {
  'image-embedder': ['clip-vit-b-32', 'clip-vit-l-14', 'clip-vit-l-14-336'],
  'text-embedder': ['clip-vit-b-32', 'clip-vit-l-14', 'clip-vit-l-14-336'],
} as const;

/** All texts, those that describe the image best first; equal ones in the given order. `metric` is for messages. */
export async function rankedTexts(
  metric: string,
  picture: ImageRef,
  texts: readonly string[],
  context: MetricContext,
): Promise<string[]> {
  const [images, words] = [
    await openRole(context, 'image-embedder'),
    await openRole(context, 'text-embedder'),
  ];
  if (images.model.id !== words.model.id) throw mixedTowers(metric, images.model.id, words.model.id);
  const seen = await context.vectorOf(picture, 'image-embedder');
  const fits: { text: string; fit: number }[] = [];
  for (const text of texts) fits.push({ text, fit: cosine(seen, await vectorOfText(words, text)) });
  return fits.sort((a, b) => b.fit - a.fit).map(({ text }) => text);
}

type TextEmbedder = RoleModel<'text-embedder'>;

/** The embeddings of each open model: the same few texts are needed for every image. */
const known = new WeakMap<TextEmbedder, Map<string, Promise<Float32Array>>>();

/** Embedded alone, so that no text depends on the others. */
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
  // Some exports take a mask of tokens. All may count: CLIP is causal, and its vector is that of the end token.
  const mask = inputs.some(({ name }) => name === 'attention_mask')
    ? { attention_mask: tensor('int64', dims, new BigInt64Array(ids.length).fill(1n)) }
    : {};
  const { embedding } = await words.run({ tokens: tensor('int64', dims, ids), ...mask });
  return embedding.data.slice();
}
