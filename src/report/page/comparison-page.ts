/** @file The page of two runs side by side: what changed, cell by cell, and what could explain it. */
import type { PairedCell, RunComparison } from '../../analysis/compare.ts';
import { groupBy } from '../../stats/group.ts';
import {
  count,
  formatEstimate,
  formatInterval,
  formatNumber,
  formatShare,
  listed,
} from '../../analysis/numbers.ts';
import { clientScript } from './client-script.ts';
import { figureOf, type PageFigure } from './figure.ts';
import { type Html, html, trusted } from './html.ts';
import { STYLE } from './style-sheet.ts';

/** The chart of one metric, rendered. */
export interface ComparedMetric {
  readonly metric: string;
  /** Undefined if no pair has a residual in either run. */
  readonly figure: PageFigure | undefined;
}

/** `compare.html` as text: no request to anywhere. */
export async function comparisonPage(
  found: RunComparison,
  metrics: readonly ComparedMetric[],
): Promise<string> {
  const { a, b } = found;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${a.run} and ${b.run} – comparison</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<nav aria-label="Sections"><a href="#brief">In brief</a><a href="#change">What changed</a><a href="#cells">All pairs</a><a href="#runs">The two runs</a></nav>
<main>
${head(found)}
${brief(found)}
<section id="change"><h2>What changed</h2>
${metrics.length > 1 && tabs(metrics)}
${metrics.map((each, i) => metricSection(found, each, i))}
</section>
${pairTable(found)}
${explanations(found)}
</main>
${await clientScript(['tabs', 'table'])}
</body>
</html>
`.html;
}

function head({ a, b, images }: RunComparison): Html {
  const facts = [
    ['A (before)', `${a.run}`, a.dir],
    ['B (after)', `${b.run}`, b.dir],
    ['images in both', String(images.shared), 'same name and same bytes'],
    [
      'left out',
      `${images.onlyA} only in A, ${images.onlyB} only in B`,
      images.changed === 0 ? '' : `${images.changed} with the same name but different bytes`,
    ],
  ];
  return html`<header>
<p class="kind">Two runs side by side</p>
<h1>${a.run} and ${b.run}</h1>
<dl class="facts">${facts.map(([name, value, below]) => html`<div><dt>${name}</dt><dd>${value}${below !== '' && html`<br><small>${below}</small>`}</dd></div>`)}</dl>
</header>`;
}

/** The sign of the change if its paired interval excludes 0, else 0; rounding alone does not count. */
const moved = ({ difference }: PairedCell): -1 | 0 | 1 => {
  const { lo, hi } = difference?.interval ?? { lo: 0, hi: 0 };
  return lo > 1e-9 ? 1 : hi < -1e-9 ? -1 : 0;
};

function brief({ pairs, images }: RunComparison): Html {
  const both = pairs.filter(({ a, b }) => a !== undefined && b !== undefined);
  const changed = both.filter((pair) => pair.changed);
  const compared = both.filter((pair) => pair.difference !== undefined && pair.attacked);
  const of = (way: -1 | 1): number => compared.filter((pair) => moved(pair) === way).length;
  const lonely = (['a', 'b'] as const).map((side) => pairs.filter((pair) => pair[side] === undefined).length);
  const sentences = [
    both.length === 0
      ? 'The two runs have no pair of protection, attack and metric in common.'
      : `${changed.length === 0 ? 'None' : changed.length} of ${count(both.length, 'verdict')} ${changed.length < 2 ? 'differs' : 'differ'}.`,
    compared.length > 0 &&
      `${count(compared.length, 'pair')} ${compared.length === 1 ? 'has' : 'have'} a residual in both runs. R is higher in B for ${of(1)} of them and lower for ${of(-1)}, with an interval that excludes 0.${of(1) + of(-1) > 0 ? ' By chance alone, about one pair in twenty would have such an interval.' : ''}`,
    lonely[0]! + lonely[1]! > 0 &&
      `${count(lonely[1]!, 'pair')} ${lonely[1] === 1 ? 'is' : 'are'} only in A, ${lonely[0]} only in B.`,
    images.shared === 0 && 'The runs have no image in common, so residuals cannot be paired.',
  ].filter((sentence) => sentence !== false);
  return html`<section id="brief"><h2>In brief</h2><p>${sentences.join(' ')}</p>${changed.length > 0 && transitions(changed)}</section>`;
}

/** `weakened to broken: 3 (mist × jpeg, ...)` */
function transitions(changed: readonly PairedCell[]): Html {
  const groups = [...groupBy(changed, ({ a, b }) => `${a!.verdict} → ${b!.verdict}`)];
  const names = (group: readonly PairedCell[]): string => {
    const shown = group.slice(0, 6).map(({ names }) => `${names.protection} × ${names.attack}`);
    return `${listed(shown)}${group.length > 6 ? ` and ${group.length - 6} more` : ''}`;
  };
  return html`<ul class="brief">${groups.map(
    ([, group]) =>
      html`<li>${verdictTag(group[0]!.a!.verdict)} → ${verdictTag(group[0]!.b!.verdict)} <b>${group.length}</b> <span class="faint">${names(group)}</span></li>`,
  )}</ul>`;
}

const verdictTag = (word: string): Html => html`<span class="verdict" data-outcome="${word}">${word}</span>`;

function tabs(metrics: readonly ComparedMetric[]): Html {
  return html`<div class="tabs" role="group" aria-label="Metric">${metrics.map(
    ({ metric }, i) =>
      html`<button type="button" data-effect="${i}" aria-pressed="${i === 0 ? 'true' : 'false'}">${metric}</button>`,
  )}</div>`;
}

function metricSection({ pairs }: RunComparison, { metric, figure }: ComparedMetric, index: number): Html {
  const ns = [...new Set(pairs.filter((pair) => pair.metric === metric).map(({ n }) => n))];
  const n = ns.length === 1 ? `n = ${ns[0]}` : `n = ${Math.min(...ns)} to ${Math.max(...ns)}`;
  return html`<div class="for-effect" data-effect="${index}">${
    figure === undefined
      ? html`<p class="faint">By ${metric} no protection has an effect, so there is no residual to compare.</p>`
      : figureOf(
          figure,
          `${metric}. Left: residual R of each run over all its images, with its 95 % interval. Right: R in B minus R in A, over the images that both runs have (${n}). Its 95 % interval is paired: both runs are resampled with the same images. Blue: R is higher in B. Orange: R is lower in B. Grey: the interval contains 0.`,
        )
  }</div>`;
}

function pairTable({ pairs }: RunComparison): Html {
  const heads = [
    ['protection', ''],
    ['attack', ''],
    ['metric', ''],
    ['A', ''],
    ['B', ''],
    ['n', 'n'],
    ['R in A', 'n'],
    ['R in B', 'n'],
    ['R in B − R in A', 'n'],
    ['effect in B − A', 'n'],
  ] as const;
  return html`<section id="cells"><h2>All pairs</h2>
<p class="controls"><label>Filter <input id="cell-filter" type="search" placeholder="mist jpeg ssim"></label>
<label>Show <select id="cell-outcome"><option value="">all</option><option value="changed">changed verdicts</option><option value="moved">changed R (interval excludes 0)</option><option value="same">no change</option></select></label>
<span id="cell-count" class="faint">${count(pairs.length, 'pair')}</span></p>
<div class="scroll"><table id="cell-table"><thead><tr>${heads.map(([name, kind]) => html`<th scope="col"${kind === 'n' && trusted(' class="n"')}><button type="button">${name}</button></th>`)}</tr></thead>
<tbody>${pairs.map(pairRow)}</tbody></table></div>
<p class="faint">n: images that both runs have with the same bytes. Effect: d[protected] − d[clean], before any attack. Differences have 95 % intervals of a paired bootstrap.</p></section>`;
}

function pairRow(pair: PairedCell): Html {
  const { names, metric, a, b, n, difference, effectDifference } = pair;
  const kind = pair.changed ? 'changed' : moved(pair) !== 0 ? 'moved' : 'same';
  const side = (of: PairedCell['a']): Html =>
    of === undefined
      ? html`<td class="faint">not in this run</td>`
      : html`<td>${verdictTag(of.verdict)}</td>`;
  return html`<tr data-outcome="${kind}"><td>${names.protection}</td><td>${names.attack}</td><td>${metric}</td>${side(a)}${side(b)}<td class="n">${n}</td>${number(a?.residual, formatShare)}${number(b?.residual, formatShare)}${number(difference, formatShare)}${number(effectDifference, formatNumber)}</tr>
`;
}

function number(of: PairedCell['difference'], format: (value: number) => string): Html {
  if (of === undefined || Number.isNaN(of.value)) return html`<td class="n" data-value="">–</td>`;
  const interval = formatInterval(of.interval, format);
  return html`<td class="n" data-value="${String(of.value)}" title="${formatEstimate(of, format)}">${format(of.value)}${interval !== '' && html`<br><small>${interval}</small>`}</td>`;
}

function explanations({ manifests }: RunComparison): Html {
  return html`<section id="runs"><h2>What else differs between the two runs</h2>${
    manifests.length === 0
      ? html`<p>Nothing: program, experiment, data, networks and machine are the same.</p>`
      : html`<div class="scroll"><table><thead><tr><th>what</th><th>A</th><th>B</th></tr></thead><tbody>${manifests.map(({ field, a, b }) => html`<tr><td>${field}</td><td>${a}</td><td>${b}</td></tr>`)}</tbody></table></div>`
  }</section>`;
}
