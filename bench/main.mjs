/** @file `npm run bench [name...]`: runs benchmarks of this folder over the built program; all of them without a name. */
import { readdir } from 'node:fs/promises';

const folder = new URL('.', import.meta.url);
const known = (await readdir(folder))
  .filter((name) => name.endsWith('.bench.mjs'))
  .map((name) => name.slice(0, -'.bench.mjs'.length));
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`Unknown benchmark '${unknown[0]}'. Available: ${known.join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : known) {
  console.log(`\n# ${name}\n`);
  const { bench } = await import(new URL(`${name}.bench.mjs`, folder));
  await bench();
}
