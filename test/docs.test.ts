import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseExperiment } from '../src/experiment/experiment.ts';
import { builtModule } from './built-program.ts';

const reference = fileURLToPath(new URL('../docs/reference/', import.meta.url));
const generator = fileURLToPath(new URL('../docs/generate.mjs', import.meta.url));

it('the generated pages of the reference are those that the program gives now', async () => {
  builtModule('experiment/schema.js');
  const folder = await mkdtemp(join(tmpdir(), 'reference-'));
  try {
    await promisify(execFile)(process.execPath, [generator, folder]);
    const pages = (await readdir(folder)).sort();
    expect(pages).toEqual([
      'attacks.md',
      'command-line.md',
      'experiment-file.md',
      'metrics.md',
      'models.md',
      'protections.md',
    ]);
    for (const page of pages) {
      const [made, committed] = [join(folder, page), join(reference, page)];
      const what = `docs/reference/${page}; if it differs, run: npm run docs:reference`;
      expect(await readFile(committed, 'utf8'), what).toBe(await readFile(made, 'utf8'));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('every dependency has its reason in the reference', async () => {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as Record<
    string,
    Readonly<Record<string, string>>
  >;
  const names = ['dependencies', 'devDependencies', 'peerDependencies'].flatMap((field) =>
    Object.keys(manifest[field]!),
  );
  const page = await readFile(join(reference, 'dependencies.md'), 'utf8');
  const missing = names.filter((name) => !name.startsWith('@types/') && !page.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});

/** The text of the blocks of code in a page. */
const blocksOf = (page: string, language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text!);

it.each(['README.md', 'docs/guide/experiments.md', 'docs/guide/mimicry.md'])(
  'the experiments in %s are valid, and so are the parts of one',
  async (page) => {
    const text = await readFile(new URL(`../${page}`, import.meta.url), 'utf8');
    const blocks = blocksOf(text, 'yaml');
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      const fields = { ...WHOLE, ...(parse(block) as object) };
      expect(() => parseExperiment(stringify(fields), `${page}:\n${block}`)).not.toThrow();
    }
  },
);

/** What the parts of an experiment file are completed with. */
const WHOLE = {
  name: 'whole',
  dataset: 'atelier',
  protections: ['noise'],
  attacks: ['jpeg', 'rescale'],
  metrics: ['ssim', 'psnr'],
};
