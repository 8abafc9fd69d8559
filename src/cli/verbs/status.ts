/** @file `craquelure status`: how far a run is, and what failed. */
import { duration, print, printJson, table } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const status = defineVerb({
  command: 'status <run>',
  describe: 'show how far a run is, and its errors',
  positionals: (yargs) =>
    yargs.positional('run', { type: 'string', demandOption: true, describe: "a run's folder" }),
  options: { json },
  handler: async (args) => {
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { summariseRun } = await import('../../run/summary.ts');
    const summary = summariseRun(await readRunFolder(args.run));
    if (args.json) return printJson(summary);
    const state = summary.finished
      ? `finished ${summary.finished}`
      : 'not finished: the same run command goes on';
    print(`${summary.run}: ${state}`);
    const { ok, partial, failed, pending } = summary.cells;
    print(
      `cells: ${ok} ok, ${partial} with some errors, ${failed} failed, ${pending} pending; ${summary.rows} rows; ${duration(summary.ms)}`,
    );
    if (summary.errors.length > 0) {
      const rows = summary.errors.map((each) => [each.rows, each.cells, each.image, each.error]);
      print(`\n${table(['rows', 'cells', 'image', 'error'], rows)}`);
    }
  },
});
