/**
 * @file Prompts as the token ids that a text encoder was trained on: CLIP's byte-pair encoding from `vocab.json` and
 * `merges.txt`, or whatever a `tokenizer.json` of the Hugging Face tokenizers describes.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isRecord } from '../files/json.ts';
import { brokenTokenizer, missingTokenizer, reasonOf } from '../messages/index.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { endsSoon } from './safe-pattern.ts';

/** A prompt as a text encoder takes it. */
export interface Tokens {
  /** As many as the text encoder takes, padded. */
  readonly ids: readonly number[];
  /** Tokens at the prompt's end that did not fit and were cut off. */
  readonly cut: number;
}

export interface Tokenizer {
  /** Tokens of every prompt, padding included. */
  readonly length: number;
  encode(prompt: string): Tokens;
  /** The id of a token of the vocabulary, such as a placeholder; undefined if there is none. */
  idOf(token: string): number | undefined;
}

/** The parts of a `tokenizer.json` that are looked at here; the rest is the package's. */
interface TokenizerJson {
  readonly model: Readonly<Record<string, unknown>> & { readonly type?: string };
  readonly padding?: {
    readonly strategy?: unknown;
    readonly pad_id?: number;
    readonly pad_token?: string;
  } | null;
  readonly truncation?: { readonly max_length?: number } | null;
  readonly [part: string]: unknown;
}

/**
 * The tokenizer among the files of a text encoder. `length` is how many tokens its graph takes, where the graph says so.
 * @throws MODEL if there is none, or none that can be read.
 */
export async function openTokenizer(
  { id, files, fill }: Pick<ResolvedModel, 'id' | 'files' | 'fill'>,
  length?: number,
): Promise<Tokenizer> {
  const pathOf = (name: string): string | undefined =>
    files.find(({ path }) => basename(path) === name)?.path;
  const [json, vocab, merges] = ['tokenizer.json', 'vocab.json', 'merges.txt'].map(pathOf);
  const source = json ?? vocab;
  if (source === undefined || (json === undefined && merges === undefined)) throw missingTokenizer(id);
  try {
    const described =
      json === undefined
        ? clipTokenizer(JSON.parse(await readFile(vocab!, 'utf8')), await readFile(merges!, 'utf8'))
        : (JSON.parse(await readFile(json, 'utf8')) as TokenizerJson);
    const tokenizer = await tokenizerOf(described, { length, pad: fill.padToken });
    return { ...tokenizer, encode: (prompt) => named(source, () => tokenizer.encode(prompt)) };
  } catch (error) {
    throw brokenTokenizer(source, reasonIn(error), { cause: error });
  }
}

/** Models that the tokenizers' format knows, and that the package can run. */
const MODELS = ['BPE', 'Unigram', 'WordLevel', 'WordPiece'];

/** @throws Error if a description could give no ids, or never end */
function assertUsable({ model, ...parts }: TokenizerJson): void {
  if (!isRecord(model)) throw new Error("it has no 'model'");
  if (model.type !== undefined && !MODELS.includes(model.type)) {
    throw new Error(`its model is of type '${String(model.type)}'. Available: ${MODELS.join(', ')}`);
  }
  const slow = patternsIn(parts).find((pattern) => !endsSoon(pattern));
  if (slow !== undefined)
    throw new Error(`its expression '${slow}' repeats a repetition, which may never end`);
}

/** Every `Regex` of a description. */
function patternsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(patternsIn);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    name === 'Regex' && typeof each === 'string' ? [each] : patternsIn(each),
  );
}

const isId = (id: unknown): boolean =>
  Number.isInteger(id) && (id as number) >= 0 && (id as number) < 2 ** 31;

async function tokenizerOf(
  described: TokenizerJson,
  given: { readonly length: number | undefined; readonly pad: string | undefined },
): Promise<Tokenizer> {
  assertUsable(described);
  const { Tokenizer: Inner } = await import('@huggingface/tokenizers');
  const inner = new Inner({ ...ABSENT, ...described, model: asWordPiece(described.model) }, {});
  const { padding, truncation } = described;
  const length = given.length ?? fixedLength(padding?.strategy) ?? truncation?.max_length ?? CLIP_LENGTH;
  const padToken = given.pad ?? padding?.pad_token;
  const pad = (padToken === undefined ? undefined : inner.token_to_id(padToken)) ?? padding?.pad_id ?? 0;
  const encode = (prompt: string): Tokens => {
    const { ids } = inner.encode(prompt);
    const wrong: unknown = ids.find((id: unknown) => !isId(id));
    if (wrong !== undefined || !ids.every(isId))
      throw new Error(`a token has the id ${JSON.stringify(wrong)}`);
    const cut = Math.max(0, ids.length - length);
    if (cut === 0) return { ids: [...ids, ...new Array<number>(length - ids.length).fill(pad)], cut };
    const tail = closingTokens(ids, inner.encode(prompt, { add_special_tokens: false }).ids);
    return { ids: [...ids.slice(0, length - tail), ...ids.slice(ids.length - tail)], cut };
  };
  return { length, encode, idOf: (token) => inner.token_to_id(token) };
}

/** What the engine says of missing parts tells a user nothing. */
const reasonIn = (error: unknown): string =>
  error instanceof TypeError || error instanceof RangeError
    ? 'its parts do not fit together'
    : reasonOf(error);

/** A failure of the package names the file. */
function named<T>(source: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw brokenTokenizer(source, reasonIn(error), { cause: error });
  }
}

/** Tokens of a prompt for CLIP. */
const CLIP_LENGTH = 77;

/** Parts that the package wants to be there, if only as null. */
const ABSENT = {
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  added_tokens: [],
};

const fixedLength = (strategy: unknown): number | undefined =>
  typeof strategy === 'object' && strategy !== null && 'Fixed' in strategy
    ? Number(strategy.Fixed)
    : undefined;

/**
 * The package has no WordLevel model (whole words or the unknown token). WordPiece is the same where no word of the
 * vocabulary continues another: nothing begins with the prefix that continuations have, so a word is whole or unknown.
 */
function asWordPiece(model: TokenizerJson['model']): TokenizerJson['model'] {
  if (model.type !== 'WordLevel') return model;
  return {
    ...model,
    type: 'WordPiece',
    continuing_subword_prefix: '\u0000',
    max_input_chars_per_word: Number.MAX_SAFE_INTEGER,
  };
}

/** How many tokens the template puts after a prompt. */
function closingTokens(framed: readonly number[], content: readonly number[]): number {
  const starts = framed.length - content.length;
  for (let before = 0; before <= starts; before++) {
    if (content.every((id, i) => framed[before + i] === id)) return starts - before;
  }
  return 0;
}

/** CLIP's tokenizer from its two files, in the terms of a `tokenizer.json`. */
function clipTokenizer(vocab: Readonly<Record<string, number>>, merges: string): TokenizerJson {
  const [start, end] = ['<|startoftext|>', '<|endoftext|>'];
  const special = [start, end].map((content) => ({
    id: vocab[content]!,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const lines = merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  return {
    added_tokens: special,
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
        { type: 'Split', pattern: { Regex: CLIP_WORDS }, behavior: 'Removed', invert: true },
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
    decoder: null,
    padding: { pad_token: end },
    model: {
      type: 'BPE',
      unk_token: end,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab,
      merges: lines,
    },
  };
}

/** What CLIP takes for one word: contractions, runs of letters, single digits, runs of anything else but spaces. */
const CLIP_WORDS = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
