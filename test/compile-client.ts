/** @file Runs before all tests: compiles the browser programs of the report, which its pages read from `dist/`. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

/** Types are left to `npm run check`. */
export function setup(): void {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.client.json', '--noCheck'], { stdio: 'inherit' });
}
