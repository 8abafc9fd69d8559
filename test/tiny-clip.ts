/**
 * @file A CLIP of a few thousand random weights, in the files and with the ports that the published exports have: a vision
 * transformer over 49 patches and a causal text transformer read at the end token, both projected to one space.
 */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { int } from '../src/onnx/attributes.ts';
import { writeModel } from '../src/onnx/files.ts';
import type { Model } from '../src/onnx/model.ts';
import { clipText, info, model } from './tiny-diffusion.ts';

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

/** A tokenizer as CLIP's publishers save it, with letters for words. */
export const clipTokenizer = JSON.parse(
  readFileSync(new URL('./diffusion/clip-tokenizer.json', import.meta.url), 'utf8'),
) as {
  readonly prompts: readonly { readonly prompt: string; readonly ids: readonly number[] }[];
  readonly tokenizer: {
    readonly model: {
      readonly vocab: Readonly<Record<string, number>>;
      readonly merges: readonly (readonly string[])[];
    };
  };
};

/** Writes both halves and the tokenizer into `folder`, as `models pull` would. */
export async function writeTinyClip(folder: string, seed = 7): Promise<string> {
  const { tokenizer } = clipTokenizer;
  const { length } = Object.keys(tokenizer.model.vocab);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await writeModel(tinyVision(seed), join(folder, 'onnx/vision_model.onnx'));
  await writeModel(tinyText(length, seed + 1), join(folder, 'onnx/text_model.onnx'));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  return folder;
}
