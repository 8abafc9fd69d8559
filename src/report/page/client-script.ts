/** @file The browser programs of the pages (`client/*.client.ts`), compiled, as text that can stand in a `<script>`. */
import { readFile } from 'node:fs/promises';
import { type Html, trusted } from './html.ts';

/** `client/NAME.client.ts`: a module without imports, compiled with the types of the browser (tsconfig.client.json). */
export type ClientName = 'tabs' | 'table' | 'viewer' | 'zoom' | 'vote';

/**
 * The build writes the programs into `dist/`, into the folder that stands to this file there as `client/` does here. When
 * tests run this file as TypeScript, they are read from `dist/` as well, where Vitest has them compiled before it starts
 * (test/compile-client.ts). So the very same text is tested and published, and the package needs no compiler.
 */
const FOLDER = new URL(
  import.meta.url.endsWith('.ts') ? '../../../dist/report/page/client/' : './client/',
  import.meta.url,
);

/** A `<script>` of these programs, in their order; each has a scope of its own. */
export async function clientScript(names: readonly ClientName[]): Promise<Html> {
  const programs = await Promise.all(
    names.map((name) => readFile(new URL(`${name}.client.js`, FOLDER), 'utf8')),
  );
  return trusted(`<script>\n${programs.map(enclosed).join('')}</script>`);
}

/** A compiled module as a plain program: TypeScript marks a module with an empty export, and all else is local anyway. */
function enclosed(module: string): string {
  const program = module.replace(/^export \{\};\n?/m, '');
  // Within a string `\/` is `/`: the program stays what it was, and no text of it closes the element.
  return `(() => {\n'use strict';\n${program.replaceAll(/<\/(?=script)/gi, '<\\/')}})();\n`;
}
