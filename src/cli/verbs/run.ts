/** @file `craquelure run`: the matrix of an experiment, from its current state to its report. */
import type { RunInputs, RunOptions, RunOutcome } from '../../run/run.ts';
import type { ExecutorOptions } from '../../jobs/executor.ts';
import { deviceOption } from '../choices.ts';
import { EXIT } from '../exit.ts';
import { matrixOptions, prepareOptions } from '../matrix.ts';
import { type Progress, startProgress } from '../progress.ts';
import { duration, note, print, printJson } from '../terminal.ts';
import { defineVerb, experimentFile, needsExperimentFile } from '../verb.ts';

export const run = defineVerb({
  command: 'run <experiment>',
  describe: 'run an experiment; continues where an earlier run stopped',
  positionals: (yargs) => yargs.positional('experiment', experimentFile),
  needs: needsExperimentFile('run'),
  options: {
    ...matrixOptions,
    'fail-fast': { type: 'boolean', default: false, describe: 'stop at the first failure' },
    'retry-errors': {
      type: 'boolean',
      default: false,
      describe: 'run the failed cells of an earlier run again',
    },
    quiet: { type: 'boolean', default: false, describe: 'show no progress' },
  },
  examples: [
    ['$0 run experiments/quickstart.yaml', 'run the quickstart experiment'],
    ["$0 run my.yaml --only 'attack=jpeg*' --limit 4", 'run a part of the matrix on four images'],
  ],
  handler: async (args) => {
    const { prepareRun } = await import('../../run/prepare.ts');
    const { lackingIn } = await import('../../plan/measurements.ts');
    const started = performance.now();
    const inputs = await prepareRun(args.experiment, { ...(await prepareOptions(args)), lenient: true });
    for (const remark of inputs.dataset.notes) note(`note: ${remark}`);
    for (const metric of inputs.experiment.metrics) {
      const { label } = metric;
      const lacking = lackingIn(metric);
      if (lacking !== undefined)
        note(`note: the cells of metric ${label} will fail, the others run. ${lacking}`);
    }

    const abort = new AbortController();
    const onSignal = (): void => abort.abort();
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    const progress = startProgress({ quiet: args.quiet });
    try {
      const { failFast, retryErrors, jobs } = args;
      const device = await deviceOption(args.device);
      const outcome = await runMatrix(
        inputs,
        { failFast, retryErrors, signal: abort.signal },
        { jobs, device },
        progress,
      );
      const report = await reportOf(outcome);
      await announce(inputs, outcome, report, performance.now() - started, args.json);
    } finally {
      progress.end();
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
  },
});

/** Runs what is missing, with progress in units of expected time. */
async function runMatrix(
  inputs: RunInputs,
  options: Omit<RunOptions, 'openExecutor'>,
  threads: ExecutorOptions,
  progress: Progress,
): Promise<RunOutcome> {
  const { runPlan } = await import('../../run/run.ts');
  const { localExecutor } = await import('../../jobs/executor.ts');
  const { workOf } = await import('../../jobs/stages/index.ts');
  const { estimatePlan, timingRecorder } = await import('../../plan/estimate.ts');
  const { forecastOf } = await import('../../run/forecast.ts');
  const { plan, store } = inputs;
  const timings = timingRecorder();
  let forecast = forecastOf([], 1);
  const show = (doing: string): void => progress.update(forecast.share(), 1, doing, forecast.left());
  try {
    return await runPlan(inputs, {
      ...options,
      openExecutor: async () => {
        const executor = await localExecutor(store.dir, threads);
        const { work, toRun, cached } = await estimatePlan(plan, store, executor.workers);
        forecast = forecastOf(work, executor.workers);
        const size = `${plan.cells.length} cells on ${plan.items.length} images`;
        note(`${size}: ${toRun} jobs to run, ${cached} reused, ${executor.workers} threads`);
        return executor;
      },
      onNote: (remark) => note(`note: ${remark}`),
      onProgress: (job, fraction) => {
        const left = forecast.reached(job, fraction, performance.now());
        const percent = `${Math.floor(100 * fraction)} %`;
        show([`${workOf(job)} ${percent}`, ...(left ? [`${duration(left)} left`] : [])].join(', '));
      },
      onJob: (event) => {
        timings.add(event);
        forecast.ended(event);
        show(workOf(event.job));
      },
    });
  } finally {
    progress.end();
    await timings.save(store).catch(() => undefined); // estimates only
  }
}

/** The path of the run's report. It is written again unless nothing has changed. */
async function reportOf({ folder, unchanged }: RunOutcome): Promise<string> {
  const { existsSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { RUN_FILES } = await import('../../run/names.ts');
  const { hasFindings } = await import('../../analysis/findings/findings-file.ts');
  const file = join(folder.dir, RUN_FILES.report);
  if (unchanged && existsSync(file) && (await hasFindings(folder.dir))) return file;
  const { writeReport } = await import('../../report/report.ts');
  return writeReport(folder);
}

async function announce(
  inputs: RunInputs,
  outcome: RunOutcome,
  report: string,
  ms: number,
  json: boolean,
): Promise<void> {
  const { readFindings } = await import('../../analysis/findings/findings-file.ts');
  const { dir, plan } = inputs;
  const { failedCells, unchanged, counts: jobs, folder } = outcome;
  const cells = plan.cells.length;
  const findings = await readFindings(dir);
  if (json) {
    printJson({
      run: plan.run,
      dir,
      report,
      findings: findings.protections,
      cells,
      failedCells,
      rows: folder.rows.length,
      jobs,
      unchanged,
      ms: Math.round(ms),
    });
  } else {
    const state = unchanged ? 'already finished, nothing to do' : `done in ${duration(ms)}`;
    const { printFindings } = await import('../findings.ts');
    print(`${plan.run}: ${cells} cells, ${failedCells} with errors; ${state}`);
    printFindings(findings);
    for (const { attack, protection, description, ms: taken } of folder.manifest.attackTrainings ?? []) {
      if (description !== undefined)
        note(`${attack} against ${protection}: ${description} (${duration(taken)})`);
    }
    print(`report: ${report}`);
  }
  if (failedCells === 0) return;
  note(
    `${failedCells} cells have errors. See: craquelure status ${dir}. To run them again, add --retry-errors`,
  );
  process.exitCode = EXIT.failedCells;
}
