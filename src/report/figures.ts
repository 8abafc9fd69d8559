/** @file All figures of a report: which charts there are, their names on disk, and their rendering. */
import type { TopLevelSpec } from 'vega-lite';
import type { Answers } from '../analysis/answers.ts';
import { lossCurves } from './charts/loss-curves.ts';
import { type Currency, paretoChart } from './charts/pareto.ts';
import { residualForest } from './charts/residual-forest.ts';
import { strengthCurve } from './charts/strength-curve.ts';
import { type SweptCurve, sweptCurves } from './charts/swept-curve.ts';
import { verdictMatrix } from './charts/verdict-matrix.ts';
import type { Effect } from '../analysis/answers.ts';
import { familiesOf } from '../analysis/families.ts';
import type { Findings } from '../analysis/findings/findings.ts';
import { createRenderer, type Rendered } from './render.ts';
import type { Sheet } from './sheets.ts';

/** A chart before it is rendered. */
export interface Chart {
  /** File name without extension: `matrix-ssim`, `curve-jpeg-ssim`. Unique within a report. */
  readonly name: string;
  readonly kind: 'matrix' | 'forest' | 'curve' | 'pareto';
  readonly title: string;
  readonly effect: Effect;
  readonly spec: TopLevelSpec;
}

/** A rendered chart. */
export type Figure = Chart & Rendered;

/** The charts of a report, effect by effect. */
export function chartsOf({ effects, pairs, thresholds }: Answers, { prices, quality }: PricedIn): Chart[] {
  const taken = new Set<string>();
  const named = (text: string): string => {
    const slug = text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 80);
    let name = slug;
    for (let i = 2; taken.has(name); i++) name = `${slug}-${i}`;
    taken.add(name);
    return name;
  };
  return effects.flatMap((effect) => {
    const own = pairs.filter((pair) => pair.effect === effect);
    const metric = effect.metric.label;
    const chart = (kind: Chart['kind'], title: string, spec: TopLevelSpec | undefined, what = ''): Chart[] =>
      spec === undefined ? [] : [{ name: named(`${kind}-${what}-${metric}`), kind, title, effect, spec }];
    return [
      ...chart('matrix', 'Verdicts', verdictMatrix(pairs, effect)),
      ...chart('forest', 'Residuals', residualForest(own, thresholds)),
      ...familiesOf(own).flatMap((family) =>
        chart('curve', family.label, strengthCurve(family, thresholds), family.label),
      ),
      ...currenciesOf(quality).flatMap((currency) =>
        chart('pareto', currency.name, paretoChart(own, prices, thresholds, currency), currency.name),
      ),
    ];
  });
}

/** The losses of each sheet's models; none for sheets without a training. */
export function lossChartsOf(sheets: readonly Sheet[]): (Pick<Chart, 'name' | 'spec'> & { sheet: Sheet })[] {
  return sheets.flatMap((sheet, i) => {
    const spec = lossCurves(sheet);
    const artist = sheet.artist
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 60);
    return spec === undefined ? [] : [{ name: `loss-${i + 1}-${artist}`, spec, sheet }];
  });
}

/** The curves over a swept parameter of fine-tuning, such as the number of poisoned images. */
export const sweptChartsOf = (sheets: readonly Sheet[]): (Pick<Chart, 'name'> & SweptCurve)[] =>
  sweptCurves(sheets).map((curve, i) => ({ name: `swept-${i + 1}-${curve.parameter}`, ...curve }));

/** What the costs of attacks are counted in. */
type PricedIn = Pick<Findings, 'prices' | 'quality'>;

/** Time, and quality if the run measures it. */
function currenciesOf(quality: Effect | undefined): (Currency & { name: string })[] {
  const time = 'time of the attack (ms per megapixel, on the machine of the run)';
  return [
    { name: 'time', of: 'msPerMegapixel', title: time, scale: 'log' },
    ...(quality === undefined
      ? []
      : [
          {
            name: 'quality',
            of: 'qualityLost' as const,
            title: `quality lost by clean images (${quality.symbol} of attack(clean))`,
            scale: 'linear' as const,
          },
        ]),
  ];
}

/** Renders charts. Whatever Vega has to say goes to `onWarning`. */
export async function renderCharts<C extends Pick<Chart, 'name' | 'spec'>>(
  charts: readonly C[],
  onWarning: (message: string) => void,
): Promise<(C & Rendered)[]> {
  const figures: (C & Rendered)[] = [];
  if (charts.length === 0) return figures;
  const renderer = await createRenderer(onWarning);
  for (const chart of charts) figures.push({ ...chart, ...(await renderer.render(chart.name, chart.spec)) });
  return figures;
}
