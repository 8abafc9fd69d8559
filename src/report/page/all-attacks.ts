/** @file The attacks taken together: worst for each image, cheapest that breaks, prices, comparisons, agreement. */
import type { Answers } from '../../analysis/answers.ts';
import type { Comparison } from '../../analysis/findings/baseline.ts';
import type { Effect } from '../../analysis/answers.ts';
import type { Figure } from '../figures.ts';
import type { Findings } from '../../analysis/findings/findings.ts';
import { count, formatEstimate, formatNumber, formatShare, formatTime } from '../../analysis/numbers.ts';
import type { WorstCase } from '../../analysis/findings/worst-case.ts';
import { type Html, html } from './html.ts';
import { figureOf } from './figure.ts';

/** All attacks under one effect. */
export function together(effect: Effect, findings: Findings, figures: readonly Figure[]): Html | undefined {
  const worstCases = findings.worstCases.filter(({ pair }) => pair.effect === effect);
  const comparisons = findings.comparisons.filter(({ own }) => own.effect === effect);
  const charts = figures.filter((figure) => figure.effect === effect && figure.kind === 'pareto');
  if (worstCases.length + comparisons.length === 0) return undefined;
  return html`<section>
<h2>All attacks together</h2>
${worstCases.length > 0 && worstCaseTable(worstCases)}
${
  charts.length > 0 &&
  html`<div class="curves">${charts.map((figure) =>
    figureOf(
      figure,
      `Residual R over the cost of the attack (${figure.title}), with 95 % intervals. Attacks at the lower left cost little and leave little. The stepped line joins the attacks that no other attack beats in both. A name is shown if there is room for it; the Vega-Lite file has all names.`,
    ),
  )}</div>`
}
${priceTable(findings)}
${comparisons.length > 0 && comparisonTable(comparisons)}
</section>`;
}

/** What each attack costs the mimic: time, quality, training. */
function priceTable({ prices, quality }: Findings): Html {
  const lost = quality === undefined ? 'quality lost' : `${quality.symbol} of attack(clean)`;
  return html`<details><summary>Cost of each attack: ${count(prices.size, 'attack')}</summary>
<div class="scroll"><table><thead><tr><th>attack</th><th class="n">ms per megapixel</th><th class="n">${lost}</th><th class="n">s of training</th><th>networks</th></tr></thead>
<tbody>${[...prices].map(
    ([attack, { msPerMegapixel, qualityLost, trainingMs, networks }]) =>
      html`<tr><td>${attack}</td><td class="n">${formatNumber(msPerMegapixel)}</td><td class="n">${formatNumber(qualityLost)}</td><td class="n">${formatNumber(trainingMs / 1000)}</td><td>${networks.join(' + ') || 'none'}</td></tr>
`,
  )}</tbody></table></div>
<p class="faint">Time: median wall time per megapixel on this machine. Training: done once for each protection, by attacks that train. ${lost}: the quality that the attack takes from images without protection.</p></details>`;
}

function worstCaseTable(worstCases: readonly WorstCase[]): Html {
  return html`<div class="scroll"><table><thead><tr><th>protection</th><th class="n">attacks</th><th class="n">R under the worst attack</th><th>verdict</th><th>cheapest attack that breaks it</th></tr></thead>
<tbody>${worstCases.map(worstCaseRow)}</tbody></table></div>
<p class="faint">Worst attack: for each half of the images, the attack that leaves least of the other half, so that no image judges the attack
that it has chosen. Cost: median wall time per megapixel on this machine.</p>`;
}

function worstCaseRow({ pair, residual, verdict, attacks, cheapestBreak }: WorstCase): Html {
  const { interval } = pair.residual.effect;
  const hasEffect = interval === undefined || interval.lo > 0;
  const shown = residual === undefined || !hasEffect ? '–' : formatEstimate(residual, formatShare);
  const price = cheapestBreak && `${formatTime(cheapestBreak.price.msPerMegapixel)} per megapixel`;
  return html`<tr><td>${pair.names.protection}</td><td class="n">${attacks}</td><td class="n">${shown}</td>
<td>${verdict && html`<span class="verdict" data-outcome="${verdict.word}">${verdict.word}</span>`}</td>
<td>${cheapestBreak ? html`${cheapestBreak.attack}<br><small>${price}</small>` : 'none of these'}</td></tr>
`;
}

function comparisonTable(comparisons: readonly Comparison[]): Html {
  const [first] = comparisons;
  const tests = [...new Set(comparisons.map(({ test }) => test))].join(', ');
  return html`<details><summary>Comparison with ${first!.baseline.names.protection}, image by image: ${count(comparisons.length, 'comparison')}</summary>
<div class="scroll"><table><thead><tr><th>protection</th><th>attack</th><th class="n">n</th><th class="n">difference</th><th class="n">p</th><th class="n">adjusted p</th><th class="n">smallest detectable</th></tr></thead>
<tbody>${comparisons.map(
    ({ own, n, difference, p, adjusted, detectable }) =>
      html`<tr><td>${own.names.protection}</td><td>${own.names.attack}</td><td class="n">${n}</td><td class="n">${formatEstimate(difference)}</td><td class="n">${formatNumber(p, 2)}</td><td class="n">${formatNumber(adjusted, 2)}</td><td class="n">${formatNumber(detectable)}</td></tr>`,
  )}</tbody></table></div>
<p class="faint">Difference: mean of what the attack leaves, d[attack(protected)] − d[attack(clean)], minus the same for
${first!.baseline.names.protection}. p: ${tests} test. Adjusted p: corrected for all comparisons in this table. Smallest detectable: the
smallest difference that these images would show with 80 % power.</p></details>`;
}

/** Whether a cheap metric ranks attacks as mimicry does. */
export function agreementSection({ agreements }: Findings, { effects }: Answers): Html | undefined {
  if (agreements.length === 0 || effects.length < 2) return undefined;
  const shown = agreements.filter(({ rho }) => Number.isFinite(rho.value));
  const most = Math.max(...agreements.map(({ pairs }) => pairs));
  if (shown.length === 0)
    return html`<section id="agreement"><h2>Do cheap metrics predict mimicry?</h2><p class="faint">${most === 0 ? 'No pair of protection and attack has' : `Only ${count(most, 'pair')} of protection and attack ${most === 1 ? 'has' : 'have'}`} a residual by both a cheap metric and mimicry. This is too little for a rank correlation.</p></section>`;
  return html`<section id="agreement">
<h2>Do cheap metrics predict mimicry?</h2>
<div class="scroll"><table><thead><tr><th>metric</th><th>mimicry</th><th class="n">pairs</th><th class="n">rank correlation of R</th></tr></thead>
<tbody>${shown.map(
    ({ cheap, mimicry, pairs, rho }) =>
      html`<tr><td>${cheap.metric.label}</td><td>${mimicry.metric.label}</td><td class="n">${pairs}</td><td class="n">${formatEstimate(rho, formatShare)}</td></tr>`,
  )}</tbody></table></div>
<p class="faint">Spearman's ρ between R by the metric and R by mimicry, over the pairs of protection and attack that have both. The
interval is a 95 % percentile bootstrap over protections. At 1 the metric ranks the pairs as mimicry does.</p>
</section>`;
}
