import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = (name: string): string => fileURLToPath(new URL(`../${name}/`, import.meta.url));

/** The compiled command line. */
export const builtProgram = (): string => builtModule('cli/main.js');

/** A module in dist/. @throws if it is missing, or older than a source file */
export function builtModule(path: string): string {
  const program = join(folder('dist'), path);
  const built = statSync(program, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined)
    throw new Error(`dist/${path} is missing, and this test runs it. Run: npm run build`);
  const changed = readdirSync(folder('src'), { recursive: true, encoding: 'utf8' }).find(
    (name) => name.endsWith('.ts') && statSync(join(folder('src'), name)).mtimeMs > built,
  );
  if (changed !== undefined) {
    throw new Error(`dist/ is older than src/${changed}, and this test runs dist/. Run: npm run build`);
  }
  return program;
}
