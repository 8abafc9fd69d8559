/**
 * @file Two runs on one axis: R of each attack in A and in B with intervals, and on the right what changed, R in B minus
 * R in A on the images that both have, with its paired interval. One block a protection.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Estimate } from '../../stats/inference.ts';
import type { Thresholds } from '../../stats/verdict.ts';
import type { PairedCell } from '../../analysis/compare.ts';
import { groupBy } from '../../stats/group.ts';
import { bands, RESIDUAL_TITLE, residualDomain } from './residual-axis.ts';
import { CONFIG, FAINT, SCHEMA } from './theme.ts';

const RUN_COLOURS = ['#8b929c', '#0072b2'] as const;
const MOVES = { more: '#0072b2', less: '#d55e00', unclear: '#8b929c' } as const;
/** R in B minus R in A is cut to this. */
const FAR = 1.5;

/** The chart of one metric's pairs; undefined if no pair has an R in either run. */
export function pairedResiduals(
  pairs: readonly PairedCell[],
  thresholds: Thresholds,
): TopLevelSpec | undefined {
  const shown = pairs.filter((pair) => sidesOf(pair).length > 0);
  if (shown.length === 0) return undefined;
  const domain = residualDomain(shown.flatMap(sidesOf));
  const reach = Math.min(FAR, Math.max(0.1, ...shown.flatMap(changeOf).flatMap(({ lo, hi }) => [-lo, hi])));
  const blocks = [...groupBy(shown, ({ names }) => names.protection)];
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description: 'Residual R in run A and run B for each protection and attack, and their paired difference',
    spacing: 26,
    resolve: { scale: { color: 'shared', shape: 'shared' } },
    vconcat: blocks.map(([protection, own], i) => ({
      title: protection,
      spacing: 24,
      hconcat: [
        {
          width: 330,
          height,
          layer: [...bands(thresholds, domain, 'x'), ...runLayers(own, domain, i === 0)],
        },
        { width: 220, height, layer: changeLayers(own, reach) },
      ],
    })),
  };
}

const height = { step: 24, for: 'position' as const };

/** R of a pair in either run. */
function sidesOf({ names: { attack }, a, b }: PairedCell) {
  return (['A', 'B'] as const).flatMap((run) => {
    const side = run === 'A' ? a : b;
    return side?.residual === undefined ? [] : [{ attack, run, ...ends(side.residual, -1, 2) }];
  });
}

function changeOf({ names: { attack }, difference }: PairedCell) {
  if (difference === undefined || !Number.isFinite(difference.value)) return [];
  const shown = ends(difference, -FAR, FAR);
  const colour = shown.lo > 1e-9 ? MOVES.more : shown.hi < -1e-9 ? MOVES.less : MOVES.unclear;
  return [{ attack, ...shown, colour }];
}

function ends({ value, interval }: Estimate, from: number, to: number) {
  const cut = (x: number): number => Math.min(to, Math.max(from, x));
  return { r: cut(value), lo: cut(interval?.lo ?? value), hi: cut(interval?.hi ?? value) };
}

const attackAxis = (own: readonly PairedCell[], labels: boolean) => ({
  field: 'attack',
  type: 'nominal' as const,
  sort: null,
  axis: { title: null, domain: false, ticks: false, labelPadding: 8, labels },
  scale: { domain: [...new Set(own.map(({ names }) => names.attack))], paddingInner: 0.3, paddingOuter: 0.2 },
});

function runLayers(own: readonly PairedCell[], domain: readonly [number, number], legend: boolean) {
  const x = { type: 'quantitative' as const, scale: { domain: [...domain], nice: false, zero: false } };
  const scale = { domain: ['A', 'B'], range: [...RUN_COLOURS] };
  return [
    {
      data: { values: own.flatMap(sidesOf) },
      encoding: {
        y: attackAxis(own, true),
        yOffset: { field: 'run', type: 'nominal' as const, sort: null, scale: { domain: ['A', 'B'] } },
        color: { field: 'run', type: 'nominal' as const, scale, legend: legend ? LEGEND : null },
      },
      layer: [
        {
          mark: { type: 'rule' as const, strokeWidth: 1.5, clip: true },
          encoding: {
            x: { ...x, field: 'lo', axis: { title: RESIDUAL_TITLE, grid: false, tickCount: 6 } },
            x2: { field: 'hi' },
          },
        },
        {
          mark: { type: 'point' as const, filled: true, size: 46, opacity: 1, clip: true },
          encoding: {
            x: { ...x, field: 'r' },
            shape: {
              field: 'run',
              type: 'nominal' as const,
              scale: { domain: ['A', 'B'], range: ['circle', 'square'] },
              legend: null,
            },
          },
        },
      ],
    },
  ];
}

const LEGEND = { title: 'run', orient: 'top' as const, direction: 'horizontal' as const, offset: 20 };

function changeLayers(own: readonly PairedCell[], reach: number) {
  const x = { type: 'quantitative' as const, scale: { domain: [-reach, reach], nice: true, zero: true } };
  const color = { field: 'colour', type: 'nominal' as const, scale: null };
  return [
    {
      data: { values: [{ at: 0 }] },
      mark: { type: 'rule' as const, color: FAINT, strokeDash: [3, 3], strokeWidth: 0.8 },
      encoding: { x: { ...x, field: 'at' } },
    },
    {
      data: { values: own.flatMap(changeOf) },
      encoding: { y: attackAxis(own, false), color },
      layer: [
        {
          mark: { type: 'rule' as const, strokeWidth: 1.5, clip: true },
          encoding: {
            x: { ...x, field: 'lo', axis: { title: 'R in B − R in A', grid: false, tickCount: 5 } },
            x2: { field: 'hi' },
          },
        },
        {
          mark: { type: 'point' as const, filled: true, size: 46, opacity: 1, clip: true },
          encoding: { x: { ...x, field: 'r' } },
        },
      ],
    },
  ];
}
