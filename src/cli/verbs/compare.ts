/** @file `craquelure compare`: two runs side by side. */
import type { PairedCell, RunComparison } from '../../analysis/compare.ts';
import { note, print, printJson, table } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const compare = defineVerb({
  command: 'compare <a> <b>',
  describe: 'compare two runs: changed verdicts, residuals on the images of both, changed settings',
  positionals: (yargs) =>
    yargs
      .positional('a', { type: 'string', demandOption: true, describe: 'folder of run A (before)' })
      .positional('b', { type: 'string', demandOption: true, describe: 'folder of run B (after)' }),
  needs: {
    what: 'the folders of two runs',
    example: 'craquelure compare reports/before reports/after',
  },
  options: {
    metric: { type: 'string', describe: 'compare only this metric, such as --metric psnr' },
    changed: { type: 'boolean', default: false, describe: 'print only the rows whose verdict changed' },
    out: {
      type: 'string',
      describe: 'folder for the page and its figures (default: compare-with-A in the folder of B)',
    },
    json,
  },
  examples: [
    [
      '$0 compare reports/before reports/after --changed',
      'print the changed verdicts, and write a page with all',
    ],
  ],
  handler: async (args) => {
    const { join } = await import('node:path');
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { compareRuns } = await import('../../analysis/compare.ts');
    const { plain, writeComparison } = await import('../../report/comparison-report.ts');
    const [before, now] = [await readRunFolder(args.a), await readRunFolder(args.b)];
    const found = compareRuns(before, now);
    const folder = args.out ?? join(args.b, `compare-with-${before.manifest.run}`);
    const page = await writeComparison(found, folder, now.manifest.verdict);
    const pairs = found.pairs.filter(
      ({ metric, changed }) => (args.metric ?? metric) === metric && (changed || !args.changed),
    );
    if (args.json) return printJson({ page, ...(plain({ ...found, pairs }) as object) });
    await show({ ...found, pairs });
    print(`page: ${page}`);
  },
});

async function show({ a, b, images, manifests, pairs }: RunComparison): Promise<void> {
  const { formatEstimate, formatShare } = await import('../../analysis/numbers.ts');
  const side = (of: PairedCell['a']): string =>
    of === undefined
      ? 'not in this run'
      : `${of.verdict}${of.residual === undefined ? '' : ` ${formatEstimate(of.residual, formatShare)}`}`;
  print(`A ${a.run} (${a.dir})\nB ${b.run} (${b.dir})`);
  const { shared, onlyA, onlyB, changed } = images;
  print(
    `images: ${shared} in both, ${onlyA} only in A, ${onlyB} only in B, ${changed} with the same name and different content\n`,
  );
  const rows = pairs.map((pair) => [
    pair.changed ? '*' : '',
    pair.names.protection,
    pair.names.attack,
    pair.metric,
    pair.n,
    side(pair.a),
    side(pair.b),
    pair.difference === undefined ? '' : formatEstimate(pair.difference, formatShare),
  ]);
  print(table(['', 'protection', 'attack', 'metric', 'n', 'A', 'B', 'R(B) - R(A)'], rows));
  if (manifests.length > 0)
    print(
      `\n${table(
        ['setting that differs', 'A', 'B'],
        manifests.map(({ field, a: of, b: to }) => [field, of, to]),
      )}`,
    );
  note(`${pairs.filter((pair) => pair.changed).length} of ${pairs.length} verdicts changed`);
}
