import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
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
