/** @file `craquelure plan`: what a run would do; writes nothing. */
import { matrixOptions, prepareOptions } from '../matrix.ts';
import { duration, note, print, printJson, size, table } from '../terminal.ts';
import { defineVerb } from '../verb.ts';

export const plan = defineVerb({
  command: 'plan <experiment>',
  describe: 'show what would run, what is cached, and how long it may take; writes nothing',
  positionals: (yargs) =>
    yargs.positional('experiment', {
      type: 'string',
      demandOption: true,
      describe: 'experiment file (YAML)',
    }),
  options: matrixOptions,
  handler: async (args) => {
    const { availableParallelism } = await import('node:os');
    const { prepareRun } = await import('../../run/prepare.ts');
    const { estimateMemory, estimatePlan } = await import('../../plan/estimate.ts');
    const { readFinished } = await import('../../run/run-folder.ts');

    const inputs = await prepareRun(args.experiment, await prepareOptions(args));
    const workers = args.jobs ?? availableParallelism();
    const estimate = await estimatePlan(inputs.plan, inputs.store, workers);
    const memory = await estimateMemory(inputs.plan, inputs.store, workers);
    const before = await readFinished(inputs.dir, inputs.plan);
    for (const remark of inputs.dataset.notes) note(`note: ${remark}`);
    if (args.json) {
      const { plan: made, dir } = inputs;
      printJson({
        run: made.run,
        dir,
        cells: made.cells.length,
        images: made.items.length,
        ...before,
        ...estimate,
        memory,
      });
      return;
    }
    print(`${inputs.plan.run}: ${inputs.plan.cells.length} cells on ${inputs.plan.items.length} pictures`);
    print(
      `in ${inputs.dir}: ${before.finishedCells} cells finished, ${before.failedCells} of them with errors\n`,
    );
    const rows = estimate.work.map(({ work, jobs, cached, toRun, ms, counted }) => [
      work,
      jobs,
      cached,
      toRun,
      ms === null ? 'not timed yet' : `${duration(ms)}${counted ? ' (counted)' : ''}`,
    ]);
    print(table(['work', 'jobs', 'cached', 'to run', 'time on one thread'], rows));
    const untimed =
      estimate.untimed.length === 0
        ? ''
        : `, and ${estimate.untimed.length} kinds of work that were never timed here`;
    print(
      `\n${estimate.toRun} jobs to run, about ${duration(estimate.ms)} on ${workers} threads${untimed}; up to about ${size(memory)} of memory`,
    );
  },
});
