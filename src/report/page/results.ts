/** @file The results: which metric is the effect, the verdict matrix, the residuals and the curves. */
import type { Answers } from '../../analysis/analysis.ts';
import type { Effect } from '../../analysis/effect.ts';
import type { Figure } from '../figures.ts';
import type { Findings } from '../../analysis/findings.ts';
import { count, listed } from '../../analysis/numbers.ts';
import { isPlacebo, sayDetectable } from '../../analysis/summary.ts';
import { figureOf } from './figure.ts';
import { type Html, html, trusted } from './html.ts';
import { agreementSection, together } from './together.ts';

/** The choice of effect, and its figures. With a script one effect is shown at a time, without one all are. */
export function results(answers: Answers, findings: Findings, figures: readonly Figure[]): Html {
  return html`<section id="effect">
<h2>The effect</h2>
<p>Every verdict is about an <em>effect</em> d: how far a picture has moved from the clean one, by one metric. The
primary effect of this report is <strong>d = ${answers.effects[0]?.symbol ?? 'none'}</strong>.${warning(answers)}</p>
${answers.effects.length > 1 && tabs(answers.effects)}
</section>
${answers.effects.map((effect, index) => effectSection(answers, effect, index, findings, figures))}
${agreementSection(findings, answers)}`;
}

/** Neither a metric of fidelity nor a detector can say that a mimic is misled; nobody should read them so. */
function warning({ effects }: Answers): string {
  switch (effects[0]?.metric.measures) {
    case 'fidelity':
      return ' It measures pixels: R says how much of the perturbation is left after an attack, not whether a mimic that trains on the picture is misled. Even random noise has such an effect.';
    case 'detectability':
      return ' It measures how easily the protection is told from no protection: R says how much of that is left after an attack, not whether a mimic that trains on the picture is misled.';
    default:
      return '';
  }
}

function tabs(effects: readonly Effect[]): Html {
  return html`<div class="tabs" role="group" aria-label="Effect">${effects.map(
    (effect, i) =>
      html`<button type="button" data-effect="${i}" aria-pressed="${i === 0 ? 'true' : 'false'}">${effect.symbol}${i === 0 && html` <span class="tag">primary</span>`}</button>`,
  )}</div>`;
}

function effectSection(
  answers: Answers,
  effect: Effect,
  index: number,
  findings: Findings,
  figures: readonly Figure[],
): Html {
  const own = figures.filter((figure) => figure.effect === effect);
  const of = (kind: Figure['kind']): readonly Figure[] => own.filter((figure) => figure.kind === kind);
  const { metric } = effect;
  return html`<div class="for-effect" data-effect="${index}">
<p class="protocol">d = ${effect.symbol}. Metric <code>${metric.label}</code>${metric.unit !== '' && ` in ${metric.unit}`}: ${metric.protocol}.</p>
<div class="overview">
<section ${trusted(index === 0 ? 'id="matrix"' : '')}>
<h2>Verdicts</h2>
${of('matrix').map((figure) => figureOf(figure, matrixCaption(answers, effect)))}
${noEffect(answers, effect)}
</section>
<section ${trusted(index === 0 ? 'id="residuals"' : '')}>
<h2>Residuals</h2>
${of('forest').map((figure) => figureOf(figure, `Residual R of each pair under d = ${effect.symbol} with its 95 % interval${sizes(answers, effect)}. Dashed: 0, nothing is left, and 1, the attack changed nothing. Pairs without an effect to begin with are not drawn.`))}
${of('forest').length === 0 && html`<p class="faint">No pair has a residual to show.</p>`}
</section>
</div>
${
  of('curve').length > 0 &&
  html`<section ${trusted(index === 0 ? 'id="curves"' : '')}>
<h2>Over the strength of an attack</h2>
<div class="curves">${of('curve').map((figure) => figureOf(figure, `Residual R under d = ${effect.symbol} over the strength of ${figure.title}, harsher to the right. Bands: 95 % intervals${sizes(answers, effect)}.`))}</div>
</section>`
}
${together(effect, findings, figures)}
</div>`;
}

/** `, n = 12`, or the range of n. */
function sizes({ pairs }: Answers, effect: Effect): string {
  const ns = pairs
    .filter((pair) => pair.effect === effect && pair.residual.n > 0)
    .map(({ residual }) => residual.n);
  if (ns.length === 0) return '';
  const [least, most] = [Math.min(...ns), Math.max(...ns)];
  return least === most ? `, n = ${least}` : `, n = ${least} to ${most}`;
}

function matrixCaption({ thresholds, pairs }: Answers, effect: Effect): string {
  const ns = pairs.filter((pair) => pair.effect === effect).map(({ residual }) => residual.n);
  const few = Math.min(...ns.filter((n) => n > 1));
  const small =
    few < 6
      ? ` With n = ${few} an interval that is drawn from the images covers the truth about ${Math.round(100 * (1 - 2 ** (1 - few)))} % of the time at best: read these verdicts as provisional.`
      : '';
  return `Verdicts under d = ${effect.symbol}: attacks down, protections across. Each tile: verdict, residual R with its 95 % interval, number of images. holds: the whole interval is above ${thresholds.holds}; broken: below ${thresholds.broken}; weakened: between; inconclusive: it reaches over a threshold. A click on a tile opens its pictures.${small}`;
}

/** Says plainly which protections have nothing to lose. */
function noEffect({ pairs }: Answers, effect: Effect): Html | undefined {
  const own = pairs.filter((pair) => pair.effect === effect);
  // Of the placebo it goes without saying.
  const asked = own.filter(({ protection }) => !isPlacebo(protection));
  const without = [...new Set(asked.map(({ names }) => names.protection))].filter((name) =>
    own.filter(({ names }) => names.protection === name).every(({ outcome }) => outcome === 'no effect'),
  );
  if (without.length === 0) return undefined;
  const detectable = sayDetectable(own.filter(({ names }) => without.includes(names.protection)));
  return html`<p class="note"><strong>No effect to begin with:</strong> ${listed(without)}. Before any attack d[protected] − d[clean] cannot be told from 0, or not from what random noise of the same size does, so ${without.length === 1 ? 'this protection has' : `these ${count(without.length, 'protection')} have`} nothing that an attack could remove, and no residual.${detectable}</p>`;
}
