/** @file The analysis of a run, from its rows to `Answers`: every cell and every pair with its residual and verdict. */
import type { CellRecord, RunFolder } from '../run/run-folder.ts';
import { DRAWS } from '../stats/bootstrap.ts';
import { groupBy } from '../stats/group.ts';
import { THRESHOLDS } from '../stats/verdict.ts';
import type { Analysis, AnalysisOptions, Answers } from './answers.ts';
import { effectsOf, metricsOf } from './effect.ts';
import { measurer } from './measured.ts';
import { judged } from './outcome.ts';
import { placeboContrasts } from './placebo.ts';
import { inferenceFor } from './replication.ts';

/** The options, completed by the verdict rule of the experiment file. */
export function analysisOptions(
  { verdict }: Pick<RunFolder['manifest'], 'verdict'>,
  options: AnalysisOptions = {},
): AnalysisOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return verdict === undefined ? given : { ...verdict, thresholds: verdict, ...given };
}

/** Analyses every cell of a run. @throws USAGE if `options.effect` is not a metric of the run */
export function analyse(run: RunFolder, options: AnalysisOptions = {}): Answers {
  const { thresholds = THRESHOLDS, cluster = 'image', draws = DRAWS, seed = 0 } = options;
  const { interval: method = 't', baseline, adjust, smallestEffect } = options;
  const effects = effectsOf(metricsOf(run.cells), options.effect);
  const inference = { method, cluster, draws, seed } as const;
  const infer = inferenceFor(run, inference);
  const measure = measurer(run, effects, infer, { cluster, smallestEffect });
  const rule = { thresholds, adjust: method === 't' ? (adjust ?? 'holm') : undefined } as const;
  const analysed = (groups: readonly (readonly CellRecord[])[]): Analysis[] => {
    const measured = groups.map(measure);
    const contrasts = placeboContrasts(measured, run.images, infer);
    return judged(measured, contrasts, rule);
  };
  const cells = analysed(run.cells.map((cell) => [cell]));
  return {
    effects,
    cells,
    pairs: pooled(cells, analysed),
    thresholds,
    inference,
    comparisons: { baseline, adjust },
    infer,
  };
}

/** The cells that differ only in their seed as one; a cell with a single seed as it is. */
function pooled(
  cells: readonly Analysis[],
  analysed: (groups: readonly (readonly CellRecord[])[]) => Analysis[],
): Analysis[] {
  const bySettings = groupBy(cells, ({ protection, attack, effect }) =>
    JSON.stringify([protection.label, attack.label, effect.metric.label]),
  );
  const groups = [...bySettings.values()];
  const several = analysed(
    groups.filter(({ length }) => length > 1).map((group) => group.flatMap((each) => each.cells)),
  );
  return groups.map((group) => (group.length === 1 ? group[0]! : several.shift()!));
}
