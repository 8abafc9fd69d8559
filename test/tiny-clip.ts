/**
 * @file A CLIP of a few thousand random weights, in the files and with the ports that the published exports have: a vision
 * transformer over 49 patches and a causal text transformer read at the end token, both projected to one space.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { int } from '../src/onnx/attributes.ts';
import { writeModel } from '../src/onnx/files.ts';
import type { Model } from '../src/onnx/model.ts';
import { clipText, info, model, tinyVocabulary } from './tiny-diffusion.ts';

const [PATCH, CELLS, WIDTH, SHARED] = [32, 49, 8, 10];

/** pixel_values [n, 3, 224, 224] -> image_embeds [n, 10]. */
function tinyVision(seed: number): Model {
  const inputs = [info('pixel_values', ['batch', 3, 224, 224])];
  return model(inputs, seed, 'image_embeds', ({ g, weight, linear, conv, layerNorm, block }) => {
    const patches = conv('vision_model.embeddings.patch_embedding', 'pixel_values', 3, WIDTH, {
      side: PATCH,
      stride: PATCH,
    });
    const cells = g.Transpose(g.Reshape(patches, [0, WIDTH, -1]), [0, 2, 1]);
    const first = weight('vision_model.embeddings.class_embedding', [1, 1, WIDTH], 1);
    const batch = g.Slice(g.Shape(cells), [0], [1], [0]);
    const all = g.Concat([g.Expand(first, g.Concat([batch, g.ints([1, WIDTH])], 0)), cells], 1);
    const places = weight('vision_model.embeddings.position_embedding.weight', [1, CELLS + 1, WIDTH], 0.1);
    let y = layerNorm('vision_model.pre_layrnorm', g.Add(all, places), WIDTH);
    y = block('vision_model.encoder.layers.0', y, WIDTH);
    const seen = g.Reshape(g.Slice(y, [0], [1], [1]), [0, WIDTH]);
    return linear(
      'visual_projection',
      layerNorm('vision_model.post_layernorm', seen, WIDTH),
      WIDTH,
      SHARED,
      false,
    );
  });
}

/** input_ids [n, 77] -> text_embeds [n, 10], read where the largest id stands, which is the end token's. */
function tinyText(vocabulary: number, seed: number): Model {
  const inputs = [info('input_ids', ['batch', 77], 'int64')];
  return model(inputs, seed, 'text_embeds', (parts) => {
    const { g, at, linear } = parts;
    const read = clipText(parts, vocabulary);
    const end = at('text_model.ArgMax', 'ArgMax', ['input_ids'], { axis: int(1), keepdims: int(1) });
    const places = g.constant(
      'int64',
      [1, 77],
      Array.from({ length: 77 }, (_, i) => i),
    );
    const here = g.Unsqueeze(g.Cast(g.Equal(places, end), 'float32'), [1]);
    const pooled = g.Reshape(g.MatMul(here, read), [0, 12]);
    return linear('text_projection', pooled, 12, SHARED, false);
  });
}

/** CLIP's way of cutting texts into tokens, with letters for words. */
function tokenizerJson(vocab: Readonly<Record<string, number>>, merges: readonly string[]): object {
  const [start, end] = ['<|startoftext|>', '<|endoftext|>'];
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const words =
    "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
  return {
    version: '1.0',
    added_tokens: [start, end].map((content) => ({ id: vocab[content], content, ...special })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: words }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [end, vocab[end]],
      cls: [start, vocab[start]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    model: { type: 'BPE', unk_token: end, end_of_word_suffix: '</w>', vocab, merges },
  };
}

/** Writes both halves and the tokenizer into `folder`, as `models pull` would. */
export async function writeTinyClip(folder: string, seed = 7): Promise<string> {
  const { vocab, merges } = tinyVocabulary('_');
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeModel(tinyVision(seed), join(folder, 'onnx/vision_model.onnx'));
  await writeModel(tinyText(Object.keys(vocab).length, seed + 1), join(folder, 'onnx/text_model.onnx'));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson(vocab, merges)));
  return folder;
}
