/** @file `craquelure plan`: what a run would do; writes nothing. */
import type { PlanEstimate } from '../../plan/estimate.ts';
import { matrixOptions, prepareOptions } from '../matrix.ts';
import { duration, note, print, printJson, size, table } from '../terminal.ts';
import { defineVerb, experimentFile, needsExperimentFile } from '../verb.ts';

export const plan = defineVerb({
  command: 'plan <experiment>',
  describe: 'show what a run would do and how long it may take; writes nothing',
  positionals: (yargs) => yargs.positional('experiment', experimentFile),
  needs: needsExperimentFile('plan'),
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
    print(`${inputs.plan.run}: ${inputs.plan.cells.length} cells on ${inputs.plan.items.length} images`);
    print(
      `${inputs.dir}: ${before.finishedCells} cells finished, ${before.failedCells} of them with errors\n`,
    );
    const rows = estimate.work.map(({ work, jobs, cached, toRun, ms, counted }) => [
      work,
      jobs,
      cached,
      toRun,
      ms === null ? 'not timed yet' : `${duration(ms)}${counted ? ' (from operation counts)' : ''}`,
    ]);
    print(table(['work', 'jobs', 'cached', 'to run', 'time on one thread'], rows));
    print(`\n${estimate.toRun} jobs to run on ${workers} threads`);
    print(`time: ${expectedTime(estimate)}`);
    print(`memory: up to about ${size(memory)}`);
  },
});

/** The expected time in words. Work that was never timed has no time, and is counted instead. */
function expectedTime({ work, toRun, untimed, ms }: PlanEstimate): string {
  if (toRun === 0) return 'none, all work is cached';
  const kinds = work.filter((each) => each.toRun > 0).length;
  const never = `${untimed.length} of ${kinds} kinds of work were never timed on this machine`;
  if (untimed.length === kinds) return `no estimate yet (${never})`;
  return untimed.length === 0 ? `about ${duration(ms)}` : `at least ${duration(ms)} (${never})`;
}
