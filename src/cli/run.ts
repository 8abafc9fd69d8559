/** @file `craquelure run`: the matrix, from where it stands to its report. */
import { startProgress } from './progress.ts';
import { EXIT } from './exit.ts';
import { matrixOptions, prepareOptions } from './matrix.ts';
import { duration, note, print, printJson } from './terminal.ts';
import { defineVerb } from './verb.ts';

export const run = defineVerb({
  command: 'run <experiment>',
  describe: 'run the matrix of an experiment file; goes on where an earlier run stopped',
  positionals: (yargs) =>
    yargs.positional('experiment', {
      type: 'string',
      demandOption: true,
      describe: 'experiment file (YAML)',
    }),
  options: {
    ...matrixOptions,
    'fail-fast': { type: 'boolean', default: false, describe: 'stop at the first failure' },
    'retry-errors': { type: 'boolean', default: false, describe: 'do failed cells of an earlier run again' },
    quiet: { type: 'boolean', default: false, describe: 'no progress' },
  },
  examples: [
    ['$0 run experiments/quickstart.yaml', 'the main job'],
    ["$0 run my.yaml --only 'attack=jpeg*' --limit 4", 'a part of the matrix on four pictures'],
  ],
  handler: async (args) => {
    const { prepareRun } = await import('../harness/prepare.ts');
    const { runPlan } = await import('../harness/run.ts');
    const { localExecutor } = await import('../harness/executor.ts');
    const { estimatePlan, timingRecorder, workOf } = await import('../harness/estimate.ts');

    const inputs = await prepareRun(args.experiment, prepareOptions(args));
    const { plan, store, dataset } = inputs;
    for (const remark of dataset.notes) note(`note: ${remark}`);
    const abort = new AbortController();
    const onSignal = (): void => abort.abort();
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);

    const timings = timingRecorder();
    const progress = startProgress({ quiet: args.quiet });
    let weights = new Map<string, number>();
    let total = 0;
    let done = 0;
    const started = performance.now();
    try {
      const outcome = await runPlan(inputs, {
        openExecutor: async () => {
          const executor = await localExecutor(store.dir, args.jobs);
          const estimate = await estimatePlan(plan, store, executor.workers);
          weights = new Map(
            estimate.work.map(({ work, ms, toRun }) => [
              work,
              ms === null ? UNTIMED_MS : ms / Math.max(1, toRun),
            ]),
          );
          total = estimate.work.reduce((sum, { work, toRun }) => sum + toRun * weights.get(work)!, 0);
          note(
            `${plan.cells.length} cells on ${plan.items.length} pictures: ${estimate.toRun} jobs to run, ${estimate.cached} reused, ${executor.workers} threads`,
          );
          return executor;
        },
        failFast: args.failFast,
        retryErrors: args.retryErrors,
        signal: abort.signal,
        onNote: (remark) => note(`note: ${remark}`),
        onJob: (event) => {
          timings.add(event);
          if (event.outcome !== 'reused') done += weights.get(workOf(event.job)) ?? 0;
          progress.update(Math.min(done, total), total, workOf(event.job));
        },
      });
      progress.end();
      await timings.save(store);
      const { writeReport } = await import('../report/report.ts');
      const reportFile = await writeReport(outcome.folder);
      const { manifest } = outcome.folder;
      if (args.json) {
        const { counts: jobs, failedCells, unchanged } = outcome;
        printJson({
          run: manifest.run,
          dir: inputs.dir,
          report: reportFile,
          cells: plan.cells.length,
          failedCells,
          rows: outcome.folder.rows.length,
          jobs,
          unchanged,
          ms: Math.round(performance.now() - started),
        });
      } else {
        const state = outcome.unchanged
          ? 'nothing to do, already finished'
          : `done in ${duration(performance.now() - started)}`;
        print(`${manifest.run}: ${plan.cells.length} cells, ${outcome.failedCells} with errors; ${state}`);
        print(`report: ${reportFile}`);
      }
      if (outcome.failedCells > 0) {
        note(
          `${outcome.failedCells} cells have errors: see 'craquelure status ${inputs.dir}'; --retry-errors does them again`,
        );
        process.exitCode = EXIT.failedCells;
      }
    } finally {
      progress.end();
      await timings.save(store).catch(() => undefined); // estimates only
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  },
});

/** Stands for the time of work that was never timed, so that the bar moves. */
const UNTIMED_MS = 50;
