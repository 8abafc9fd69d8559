/** @file The look shared by all figures: fit for a page of a paper, legible in grey and with colour-blind eyes. */
import type { Config } from 'vega-lite';
import type { Outcome } from '../../analysis/answers.ts';

/** Arimo has the widths of Arial, Helvetica and Liberation Sans, so that a figure is laid out alike with any of them. */
const FONT = 'Arimo, Arial, Helvetica, "Liberation Sans", sans-serif';

export const INK = '#1f2328';
export const FAINT = '#6b7280';
const HAIRLINE = '#d9dce1';

/** Fill of a verdict's tile: light enough for dark print on it, distinct under every kind of colour blindness. */
export const OUTCOME_FILL: Readonly<Record<Outcome, string>> = {
  amplified: '#cdb9e0',
  holds: '#a6cbe8',
  weakened: '#fbe3a2',
  broken: '#f2a58a',
  destroyed: '#c9ccd1',
  'no effect': '#e3e5e8',
  inconclusive: '#ffffff',
  failed: '#ffffff',
  pending: '#ffffff',
};

/** Okabe and Ito's colours without yellow, which is faint on white; in this order neighbours differ in lightness. */
export const SERIES_COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#4d4d4d',
] as const;

export const SERIES_SHAPES = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'wedge',
] as const;

export const CONFIG: Config = {
  background: 'transparent',
  font: FONT,
  padding: 6,
  view: { stroke: null },
  axis: {
    labelColor: INK,
    titleColor: INK,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    titlePadding: 8,
    domainColor: FAINT,
    tickColor: FAINT,
    gridColor: HAIRLINE,
    tickSize: 4,
    labelLimit: 420,
    titleLimit: 600,
  },
  legend: {
    labelColor: INK,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    titleColor: FAINT,
    labelLimit: 420,
    symbolSize: 60,
  },
  title: { color: INK, fontSize: 12, fontWeight: 'bold', anchor: 'start', offset: 10, limit: 900 },
};

/** Columns of a legend under these names: one wider than its chart would shrink the chart on the page. */
export function legendColumns(names: readonly string[]): number {
  const longest = Math.max(1, ...names.map(({ length }) => length));
  return Math.max(1, Math.min(3, Math.floor(420 / (24 + 6 * longest))));
}

/** The schema that the written specs name. */
export const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';
