/** @file `craquelure status`: the progress of a run, and what failed. */
import { duration, print, printJson, table } from '../terminal.ts';
import { defineVerb, json, needsRunFolder, runFolder } from '../verb.ts';

export const status = defineVerb({
  command: 'status <run>',
  describe: 'show the progress and the errors of a run',
  positionals: (yargs) => yargs.positional('run', runFolder),
  needs: needsRunFolder('status'),
  options: { json },
  handler: async (args) => {
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { summariseRun } = await import('../../run/summary.ts');
    const summary = summariseRun(await readRunFolder(args.run));
    if (args.json) return printJson(summary);
    const state = summary.finished
      ? `finished ${summary.finished}`
      : 'not finished; run the same command again to continue';
    print(`${summary.run}: ${state}`);
    const { ok, partial, failed, pending } = summary.cells;
    print(
      `cells: ${ok} done, ${partial} with some errors, ${failed} failed, ${pending} not finished (their finished jobs are kept)`,
    );
    print(`rows: ${summary.rows}, which took ${duration(summary.ms)} to measure`);
    if (summary.errors.length > 0) {
      const rows = summary.errors.map((each) => [each.rows, each.cells, each.image, each.error]);
      print(`\n${table(['rows', 'cells', 'image', 'error'], rows)}`);
    }
  },
});
