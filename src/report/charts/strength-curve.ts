/** @file R over the strength of an attack, one line a protection, with the interval as a band; stronger settings to the right. */
import type { TopLevelSpec } from 'vega-lite';
import type { Thresholds } from '../../stats/verdict.ts';
import type { Family } from '../../analysis/families.ts';
import { bands, RESIDUAL_TITLE, residualDomain, seriesScales, shownResiduals } from './residual-axis.ts';
import { CONFIG, SCHEMA } from './theme.ts';

/** The curve of a family; undefined if no protection has an effect to lose. */
export function strengthCurve(family: Family, thresholds: Thresholds): TopLevelSpec | undefined {
  const values = family.points.flatMap(({ strength, analysis }) =>
    shownResiduals([analysis]).map((shown) => ({ ...shown, strength })),
  );
  if (values.length === 0) return undefined;
  const domain = residualDomain(values);
  const protections = [...new Set(values.map(({ protection }) => protection))];
  const strengths = [...new Set(values.map(({ strength }) => strength))];
  const y = { type: 'quantitative' as const, scale: { domain, nice: false, zero: false } };
  const { color, shape } = seriesScales(protections);
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: `Residual R over ${family.parameter} of ${family.label}, with its 95 % interval`,
    title: family.label,
    width: 400,
    height: 240,
    layer: [
      ...bands(thresholds, domain, 'y'),
      {
        data: { values },
        encoding: {
          x: {
            field: 'strength',
            type: 'quantitative',
            scale: { zero: false, nice: false, padding: 24, reverse: family.harsher === 'lower' },
            axis: {
              title: `${family.attack}: ${family.parameter} (stronger to the right)`,
              grid: false,
              labelExpr: "format(datum.value, '~g')",
              ...(strengths.length <= 8 && { values: strengths }),
            },
          },
          color,
        },
        layer: [
          {
            mark: { type: 'area', opacity: 0.18, clip: true, line: false },
            encoding: {
              y: { ...y, field: 'lo', axis: { title: RESIDUAL_TITLE, grid: false, tickCount: 6 } },
              y2: { field: 'hi' },
            },
          },
          { mark: { type: 'line', strokeWidth: 1.75, clip: true }, encoding: { y: { ...y, field: 'r' } } },
          {
            mark: { type: 'point', filled: true, size: 46, opacity: 1, clip: true },
            encoding: { y: { ...y, field: 'r' }, shape },
          },
        ],
      },
    ],
  };
}
