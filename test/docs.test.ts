import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseExperiment } from '../src/experiment/experiment.ts';
import { builtModule } from './built-program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const reference = join(root, 'docs/reference');
const generator = join(root, 'docs/generate.mjs');

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
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<
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
    const text = await readFile(join(root, page), 'utf8');
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

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const prose = (text: string): string => text.replaceAll(/^```.*?^```$/gms, '');

it('every link between pages leads to a file, and to a heading in it', async () => {
  const folders = ['guide', 'reference', 'evidence'].map((name) => `docs/${name}`);
  const inFolders = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder)))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `${folder}/${name}`),
    ),
  );
  const pages = ['README.md', 'CONTRIBUTING.md', 'docs/README.md', 'docs/glossary.md', 'datasets/README.md'];
  const broken: string[] = [];
  for (const page of [...pages, 'reports/README.md', ...inFolders.flat()]) {
    for (const [, target] of prose(await readFile(join(root, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, anchor] = target!.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path!));
      const text = file.endsWith('.md')
        ? await readFile(join(root, file), 'utf8').catch(() => '')
        : undefined;
      const headings = [...prose(text ?? '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
        anchorOf(heading!),
      );
      const leads = text === undefined ? existsSync(join(root, file)) : headings.length > 0;
      if (!leads || (anchor !== undefined && !headings.includes(anchor))) broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});
