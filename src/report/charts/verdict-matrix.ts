/** @file The verdict matrix: attacks down, protections across, a tile for each pair with its verdict, R and n. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis, Outcome } from '../analysis.ts';
import type { Effect } from '../effect.ts';
import { count, formatEstimate, formatInterval, formatNumber, formatShare } from '../numbers.ts';
import { CONFIG, FAINT, INK, OUTCOME_FILL, SCHEMA } from './theme.ts';

/** A tile as data: what the spec holds. */
interface Tile {
  readonly protection: string;
  readonly attack: string;
  readonly outcome: Outcome;
  readonly number: string;
  readonly note: string;
  readonly href: string;
}

const TILE = { width: 124, height: 50 } as const;

/** The heat map of one effect. A tile links to `#pair=` + its place among all pairs, which the page's viewer follows. */
export function verdictMatrix(pairs: readonly Analysis[], effect: Effect): TopLevelSpec {
  const tiles = pairs.map(tileOf).filter((_, i) => pairs[i]!.effect === effect);
  const text = (field: keyof Tile, dy: number, style: { size: number; colour: string; weight?: 'bold' }) => ({
    mark: {
      type: 'text' as const,
      dy,
      fontSize: style.size,
      color: style.colour,
      fontWeight: style.weight ?? ('normal' as const),
    },
    encoding: { text: { field, type: 'nominal' as const } },
  });
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description:
      'Verdict for each attack (rows) on each protection (columns), with residual R and its 95 % interval',
    data: { values: tiles },
    width: { step: TILE.width },
    height: { step: TILE.height },
    encoding: {
      x: {
        field: 'protection',
        type: 'nominal',
        sort: null,
        axis: {
          orient: 'top',
          title: null,
          labelAngle: 0,
          labelExpr: TWO_LINES,
          domain: false,
          ticks: false,
          labelPadding: 6,
        },
        scale: { paddingInner: 0.03 },
      },
      y: {
        field: 'attack',
        type: 'nominal',
        sort: null,
        axis: { title: null, domain: false, ticks: false, labelPadding: 6 },
        scale: { paddingInner: 0.06 },
      },
      href: { field: 'href', type: 'nominal' },
    },
    layer: [
      {
        mark: { type: 'rect', cornerRadius: 3 },
        encoding: {
          fill: {
            field: 'outcome',
            type: 'nominal',
            scale: { domain: Object.keys(OUTCOME_FILL), range: Object.values(OUTCOME_FILL) },
            legend: null,
          },
        },
      },
      {
        // An open verdict has an open outline, which also survives a black-and-white printer.
        transform: [{ filter: { field: 'outcome', oneOf: ['inconclusive', 'failed', 'pending'] } }],
        mark: {
          type: 'rect',
          cornerRadius: 3,
          filled: false,
          stroke: FAINT,
          strokeWidth: 0.8,
          strokeDash: [4, 3],
        },
      },
      text('outcome', -13, { size: 12, colour: INK, weight: 'bold' }),
      text('number', 2, { size: 10.5, colour: INK }),
      text('note', 15, { size: 9, colour: FAINT }),
    ],
  };
}

/** Breaks a long label before its parameters. */
const TWO_LINES =
  "length(datum.label) > 20 && indexof(datum.label, '(') > 0 ? [substring(datum.label, 0, indexof(datum.label, '(')), substring(datum.label, indexof(datum.label, '('))] : datum.label";

function tileOf(pair: Analysis, index: number): Tile {
  return {
    protection: pair.names.protection,
    attack: pair.names.attack,
    outcome: pair.outcome,
    number: numberOf(pair),
    note: noteOf(pair),
    href: `#pair=${index}`,
  };
}

function numberOf({ outcome, residual: { n, effect, ratio } }: Analysis): string {
  if (n === 0) return '';
  if (outcome === 'no effect') return `d ${formatInterval(effect.interval, (d) => formatNumber(d, 1))}`;
  return `R ${formatEstimate(ratio, formatShare)}`;
}

function noteOf({ outcome, errors, residual: { n }, verdict: { moreImages } }: Analysis): string {
  if (outcome === 'pending') return 'not run yet';
  if (outcome === 'failed') return count(errors, 'error');
  const more =
    moreImages === undefined
      ? ''
      : moreImages > 9999
        ? ', needs > 9,999 more'
        : `, needs ~${moreImages} more`;
  return `n = ${n}${more}`;
}
