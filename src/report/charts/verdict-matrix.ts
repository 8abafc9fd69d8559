/** @file The verdict matrix: attacks down, protections across, a tile for each pair with its verdict, R and n. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis, Outcome } from '../../analysis/answers.ts';
import { printsResidual } from '../../analysis/outcome.ts';
import type { Effect } from '../../analysis/answers.ts';
import { count, formatEstimate, formatInterval, formatNumber, formatShare } from '../../analysis/numbers.ts';
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
  const own = pairs.filter((pair) => pair.effect === effect);
  const heads = headLines([...new Set(own.map(({ names }) => names.protection))]);
  const lines = Object.values(heads)[0]?.length ?? 1;
  return {
    $schema: SCHEMA,
    config: CONFIG,
    description:
      'Verdict for each attack (rows) on each protection (columns), with residual R and its 95 % interval',
    data: { values: pairs.map(tileOf).filter((_, i) => pairs[i]!.effect === effect) },
    width: { step: TILE.width },
    height: { step: TILE.height },
    encoding: {
      x: {
        field: 'protection',
        type: 'nominal',
        sort: null,
        axis: {
          ...BARE_AXIS,
          orient: 'top',
          labelAngle: 0,
          labelPadding: 6 + LINE * (lines - 1),
          labelExpr: `(${JSON.stringify(heads)})[datum.label]`,
        },
        scale: { paddingInner: 0.03 },
      },
      y: { field: 'attack', type: 'nominal', sort: null, axis: BARE_AXIS, scale: { paddingInner: 0.06 } },
      href: { field: 'href', type: 'nominal' },
    },
    layer: [
      FILL,
      OUTLINE,
      line('outcome', { dy: -13, fontSize: 12, color: INK, fontWeight: 'bold' }),
      line('number', { dy: 2, fontSize: 10.5, color: INK }),
      line('note', { dy: 15, fontSize: 9, color: FAINT }),
    ],
  };
}

const BARE_AXIS = { title: null, domain: false, ticks: false, labelPadding: 6 } as const;

const FILL = {
  mark: { type: 'rect' as const, cornerRadius: 3 },
  encoding: {
    fill: {
      field: 'outcome',
      type: 'nominal' as const,
      scale: { domain: Object.keys(OUTCOME_FILL), range: Object.values(OUTCOME_FILL) },
      legend: null,
    },
  },
};

/** An open verdict has an open outline, which also survives a black-and-white printer. */
const OUTLINE = {
  transform: [{ filter: { field: 'outcome', oneOf: ['inconclusive', 'failed', 'pending'] } }],
  mark: {
    type: 'rect' as const,
    cornerRadius: 3,
    filled: false,
    stroke: FAINT,
    strokeWidth: 0.8,
    strokeDash: [4, 3],
  },
};

/** One line of text within the tiles. */
const line = (
  field: keyof Tile,
  style: { dy: number; fontSize: number; color: string; fontWeight?: 'bold' },
) => ({
  mark: { type: 'text' as const, ...style },
  encoding: { text: { field, type: 'nominal' as const } },
});

/** Height of a line of an axis label, px. */
const LINE = 13;

/** Characters that fit over a tile. */
const FITS = 21;

/** Each label in lines that fit over a tile, broken before parameters; as many lines for all, so that they end alike. */
function headLines(labels: readonly string[]): Record<string, string[]> {
  const broken = labels.map((label) => {
    const lines = [''];
    for (const piece of label.split(/(?=\()|(?<=, )|(?<=\| )/)) {
      if (lines.at(-1) !== '' && lines.at(-1)!.length + piece.trimEnd().length > FITS) lines.push(piece);
      else lines[lines.length - 1] += piece;
    }
    return lines.map((line) => line.trimEnd());
  });
  const most = Math.max(1, ...broken.map(({ length }) => length));
  return Object.fromEntries(
    labels.map((label, i) => [label, [...Array<string>(most - broken[i]!.length).fill(' '), ...broken[i]!]]),
  );
}

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

function numberOf(pair: Analysis): string {
  const { n, effect, ratio } = pair.residual;
  if (n === 0) return '';
  if (!printsResidual(pair)) return `d ${formatInterval(effect.interval, (d) => formatNumber(d, 1))}`;
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
