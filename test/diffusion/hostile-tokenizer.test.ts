import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { endsSoon } from '../../src/diffusion/safe-pattern.ts';
import { openTokenizer } from '../../src/diffusion/tokenizer.ts';
import { temporaryFolder } from '../models/fixture.ts';

const here = dirname(fileURLToPath(import.meta.url));
const embedded = join(here, '..', '..', 'models', 'atelier-text', 'tokenizer.json');

async function opened(change: (json: Record<string, unknown>) => void) {
  const json = JSON.parse(await readFile(embedded, 'utf8')) as Record<string, unknown>;
  change(json);
  const path = join(await temporaryFolder(), 'tokenizer.json');
  await writeFile(path, JSON.stringify(json));
  return openTokenizer(
    { id: 'x', files: [{ path, sha256: '', bytes: 0 }], fill: {} } as unknown as Parameters<
      typeof openTokenizer
    >[0],
    16,
  );
}

describe('a tokenizer from somebody else', () => {
  it('as it is embedded gives ids', async () => {
    expect((await opened(() => undefined)).encode('a painting').ids).toHaveLength(16);
  });

  it.each(['(a+)+$', '(a|a)*b', '((ab)*c)*', '(?:x{2,})+', '(?:[^b]*){3,}'])(
    'with the expression %s is refused: it may never end',
    async (Regex) => {
      const pre_tokenizer = { type: 'Split', pattern: { Regex }, behavior: 'Removed', invert: false };
      await expect(opened((json) => Object.assign(json, { pre_tokenizer }))).rejects.toThrow(
        /^Cannot read tokenizer '.*': its expression '.*' repeats a repetition/,
      );
    },
  );

  it('of an unknown kind, or without a model, is refused', async () => {
    await expect(opened((json) => Object.assign(json, { model: { type: 'Magic' } }))).rejects.toThrow(
      /its model is of type 'Magic'\. Available: BPE/,
    );
    await expect(opened((json) => Object.assign(json, { model: 7 }))).rejects.toThrow(/it has no 'model'/);
  });

  it.each([-5, 'x', 1e18, 1.5])('with the id %j gives no such id', async (id) => {
    const attempt = async () => {
      const tokenizer = await opened((json) => {
        const { vocab } = json.model as { vocab: Record<string, unknown> };
        for (const token of Object.keys(vocab)) vocab[token] = id;
        json.added_tokens = [];
        json.post_processor = null;
      });
      return tokenizer.encode('a painting of a boat');
    };
    await expect(attempt()).rejects.toThrow(/^Cannot read tokenizer/);
  });
});

describe('the look at an expression', () => {
  it.each([
    "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    '\\s+',
    '(ab)+',
    '(a+)?',
    '[(a+)+]',
    '\\(a+\\)+',
  ])('lets %s pass', (pattern) => {
    expect(endsSoon(pattern)).toBe(true);
  });
});
