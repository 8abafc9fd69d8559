/** @file The residuals of all pairs on one axis, with their intervals: a forest plot, ordered as in the experiment. */
import type { TopLevelSpec } from 'vega-lite';
import type { Thresholds } from '../../stats/verdict.ts';
import type { Analysis } from '../../analysis/answers.ts';
import { bands, RESIDUAL_TITLE, residualDomain, seriesScales, shownResiduals } from './residual-axis.ts';
import { CONFIG, SCHEMA } from './theme.ts';

/** The forest of one effect's pairs; undefined if no pair has a residual to show. */
export function residualForest(pairs: readonly Analysis[], thresholds: Thresholds): TopLevelSpec | undefined {
  const shown = shownResiduals(pairs);
  if (shown.length === 0) return undefined;
  const domain = residualDomain(shown);
  const protections = [...new Set(shown.map(({ protection }) => protection))];
  const { color, shape } = seriesScales(protections, 20); // clear of the bands' names
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: 'Residual R of each attack and protection with its 95 % interval',
    width: 360,
    height: { step: Math.max(22, 11 * protections.length), for: 'position' },
    layer: [
      ...bands(thresholds, domain, 'x'),
      {
        data: { values: shown },
        encoding: {
          y: {
            field: 'attack',
            type: 'nominal',
            sort: null,
            axis: { title: null, domain: false, ticks: false, labelPadding: 8 },
            scale: { paddingInner: 0.35, paddingOuter: 0.25 },
          },
          yOffset: { field: 'protection', type: 'nominal', sort: null },
          color,
        },
        layer: [
          {
            mark: { type: 'rule', strokeWidth: 1.5, clip: true },
            encoding: {
              x: {
                field: 'lo',
                type: 'quantitative',
                scale: { domain, nice: false, zero: false },
                axis: { title: RESIDUAL_TITLE, grid: false, tickCount: 6 },
              },
              x2: { field: 'hi' },
            },
          },
          {
            mark: { type: 'point', filled: true, size: 46, opacity: 1, clip: true },
            encoding: { x: { field: 'r', type: 'quantitative' }, shape },
          },
        ],
      },
    ],
  };
}
