import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTokenizer, type Tokenizer } from '../../src/diffusion/tokenizer.ts';
import { missingTokenizer } from '../../src/messages/index.ts';
import { temporaryFolder } from '../models/fixture.ts';
import { clipTokenizer as tinyTokenizer } from '../tiny-clip.ts';

// The part of CLIP's published vocabulary that these prompts need, with its ids; ids by the tokenizers package.
const clip = JSON.parse(readFileSync(new URL('./clip.json', import.meta.url), 'utf8')) as {
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly string[];
  readonly prompts: readonly { readonly prompt: string; readonly ids: readonly number[] }[];
};

async function opened(
  files: Readonly<Record<string, string>>,
  fill: { readonly padToken?: string } = {},
  length?: number,
): Promise<Tokenizer> {
  const folder = join(await temporaryFolder(), 'tokenizer');
  await mkdir(folder, { recursive: true });
  const written = Object.entries(files).map(async ([name, text]) => {
    await writeFile(join(folder, name), text);
    return { path: join(folder, name), sha256: '', bytes: text.length };
  });
  return openTokenizer({ id: 'test', files: await Promise.all(written), fill }, length);
}

const clipFiles = {
  'vocab.json': JSON.stringify(clip.vocab),
  'merges.txt': `#version: 0.2\n${clip.merges.join('\n')}\n`,
};

describe("CLIP's tokenizer", () => {
  it.each(clip.prompts.filter(({ ids }) => ids.length <= 77))(
    'has the published ids for "$prompt"',
    async ({ prompt, ids }) => {
      const tokens = (await opened(clipFiles)).encode(prompt);
      expect(tokens.ids.slice(0, ids.length)).toEqual(ids);
      expect(tokens.ids.slice(ids.length)).toEqual(new Array(77 - ids.length).fill(49407));
      expect(tokens.cut).toBe(0);
    },
  );

  it('cuts long prompts before the end token, and says by how much', async () => {
    const { prompt, ids } = clip.prompts.find((each) => each.ids.length > 77)!;
    const tokens = (await opened(clipFiles)).encode(prompt);
    expect(tokens.ids).toEqual([...ids.slice(0, 76), 49407]);
    expect(tokens.cut).toBe(ids.length - 77);
  });

  it('fills up with another token where the model was trained so', async () => {
    const padded = { ...clip.vocab, '!': 0 };
    const tokenizer = await opened({ ...clipFiles, 'vocab.json': JSON.stringify(padded) }, { padToken: '!' });
    expect(tokenizer.encode('').ids).toEqual([49406, 49407, ...new Array(75).fill(0)]);
  });
});

describe("CLIP's tokenizer.json, and the vocab.json and merges.txt that it was saved from", () => {
  const { tokenizer, prompts } = tinyTokenizer;
  const { vocab, merges } = tokenizer.model;
  const joined = merges.map((pair) => pair.join(' '));
  const published: Readonly<Record<string, string>>[] = [
    { 'tokenizer.json': JSON.stringify(tokenizer) },
    { 'vocab.json': JSON.stringify(vocab), 'merges.txt': `#version: 0.2\n${joined.join('\n')}\n` },
  ];

  it.each(prompts)('give "$prompt" the ids that the publishers\' own code does', async ({ prompt, ids }) => {
    for (const files of published) {
      expect((await opened(files)).encode(prompt).ids.slice(0, ids.length)).toEqual(ids);
    }
  });
});

describe('a tokenizer.json of whole words', () => {
  const words = {
    added_tokens: [],
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Whitespace' },
    model: {
      type: 'WordLevel',
      vocab: { '[PAD]': 0, '[UNK]': 1, boat: 2, a: 3, 'boat-s': 4 },
      unk_token: '[UNK]',
    },
    padding: { strategy: { Fixed: 6 }, pad_id: 0, pad_token: '[PAD]' },
    truncation: { max_length: 6 },
  };
  const files = { 'tokenizer.json': JSON.stringify(words) };

  it('knows a word as a whole or not at all', async () => {
    const tokenizer = await opened(files);
    expect(tokenizer.encode('A boat boats aboat').ids).toEqual([3, 2, 1, 1, 0, 0]);
    expect(tokenizer.idOf('boat')).toBe(2);
    expect(tokenizer.idOf('ship')).toBeUndefined();
  });

  it('is cut and filled up to what the graph takes', async () => {
    const tokenizer = await opened(files, {}, 3);
    expect(tokenizer.encode('a a boat a')).toEqual({ ids: [3, 3, 2], cut: 1 });
    expect(tokenizer.encode('boat').ids).toEqual([2, 0, 0]);
  });
});

describe('a text encoder', () => {
  it('without a tokenizer says how to get one', async () => {
    await expect(opened({ 'vocab.json': '{}' })).rejects.toThrow(missingTokenizer('test'));
  });

  it('with a damaged tokenizer names the file', async () => {
    await expect(opened({ 'tokenizer.json': '{' })).rejects.toThrow(
      /Cannot read tokenizer '.*tokenizer\.json'/,
    );
  });
});
