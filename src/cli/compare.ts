/** @file `craquelure compare`: two runs side by side. */
import type { PairedCell, RunComparison } from '../report/compare.ts';
import { note, print, printJson, table } from './terminal.ts';
import { defineVerb, json } from './verb.ts';

export const compare = defineVerb({
  command: 'compare <a> <b>',
  describe:
    'compare run B with run A: residuals on the pictures both have, changed verdicts, what else differs',
  positionals: (yargs) =>
    yargs
      .positional('a', { type: 'string', demandOption: true, describe: "a run's folder: what was before" })
      .positional('b', { type: 'string', demandOption: true, describe: "a run's folder: what is now" }),
  options: {
    metric: { type: 'string', describe: 'one metric only, by label' },
    changed: { type: 'boolean', default: false, describe: 'only pairs whose verdict changed' },
    json,
  },
  examples: [['$0 compare reports/before reports/after --changed', 'verdicts that changed']],
  handler: async (args) => {
    const { readRunFolder } = await import('../harness/run-folder.ts');
    const { compareRuns } = await import('../report/compare.ts');
    const found = compareRuns(await readRunFolder(args.a), await readRunFolder(args.b));
    const pairs = found.pairs.filter(
      ({ metric, changed }) => (args.metric ?? metric) === metric && (changed || !args.changed),
    );
    if (args.json) {
      const { toJsonValue } = await import('../harness/rows.ts');
      printJson(
        JSON.parse(
          JSON.stringify({ ...found, pairs }, (_, value: unknown) =>
            typeof value === 'number' ? (Number.isNaN(value) ? null : toJsonValue(value)) : value,
          ),
        ),
      );
      return;
    }
    await show({ ...found, pairs });
  },
});

async function show({ a, b, images, manifests, pairs }: RunComparison): Promise<void> {
  const { formatEstimate, formatShare } = await import('../report/numbers.ts');
  const side = (of: PairedCell['a']): string =>
    of === undefined
      ? 'not in this run'
      : `${of.outcome}${of.outcome === 'no effect' || of.n === 0 ? '' : ` ${formatEstimate(of.residual, formatShare)}`}`;
  print(`A ${a.run} (${a.dir})\nB ${b.run} (${b.dir})`);
  const { shared, onlyA, onlyB, changed } = images;
  print(`pictures: ${shared} in both, ${onlyA} only in A, ${onlyB} only in B, ${changed} of other bytes\n`);
  const rows = pairs.map((pair) => [
    pair.changed ? '*' : '',
    pair.protection,
    pair.attack,
    pair.metric,
    pair.n,
    side(pair.a),
    side(pair.b),
    pair.difference === undefined ? '' : formatEstimate(pair.difference, formatShare),
  ]);
  print(table(['', 'protection', 'attack', 'metric', 'n', 'A', 'B', 'R in B less R in A'], rows));
  if (manifests.length > 0)
    print(
      `\n${table(
        ['differs', 'A', 'B'],
        manifests.map(({ field, a: of, b: to }) => [field, of, to]),
      )}`,
    );
  note(`${pairs.filter((pair) => pair.changed).length} of ${pairs.length} verdicts differ`);
}
