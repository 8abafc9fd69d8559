/**
 * Preloaded with `node --import`: writes every module that the program loads to the file that LOADED_MODULES names, one a
 * line. ES modules are seen by a resolve hook, CommonJS modules in the cache of `require`.
 */
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const write = (line) => appendFileSync(process.env.LOADED_MODULES, `${line}\n`);

if (isMainThread) {
  register(import.meta.url);
  const { cache } = createRequire(import.meta.url);
  process.on('exit', () => Object.keys(cache).forEach(write));
}

export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  write(resolved.url);
  return resolved;
}
