/** @file The results, effect by effect: the verdict matrix, the residuals, the curves, and all attacks together. */
import type { Answers } from '../../analysis/answers.ts';
import type { Effect } from '../../analysis/answers.ts';
import type { Figure } from '../figures.ts';
import type { Findings } from '../../analysis/findings/findings.ts';
import { count, listed } from '../../analysis/numbers.ts';
import { isPlacebo } from '../../analysis/roles.ts';
import { sayDetectable } from '../../analysis/findings/sentences.ts';
import { figureOf } from './figure.ts';
import { type Html, html, trusted } from './html.ts';
import { agreementSection, together } from './all-attacks.ts';

/** The choice of effect, and its figures. Without a script all effects are shown, with one only the chosen effect. */
export function results(answers: Answers, findings: Findings, figures: readonly Figure[]): Html {
  return html`<section id="effect">
<h2>The effect</h2>
<p>An <em>effect</em> d says by one metric how much a protection changes an image, or the samples of a mimic. Every
verdict is about one effect. The primary effect of this report is <strong>d = ${answers.effects[0]?.symbol ?? 'none'}</strong>.${warning(answers)}</p>
${answers.effects.length > 1 && tabs(answers.effects)}
</section>
${answers.effects.map((effect, index) => effectSection(answers, effect, index, findings, figures))}
${agreementSection(findings, answers)}`;
}

/** Neither a metric of fidelity nor a detector can say whether a mimic is misled. */
function warning({ effects }: Answers): string {
  switch (effects[0]?.metric.measures) {
    case 'fidelity':
      return ' This metric compares pixels: R says how much of the perturbation is left after an attack. It does not say whether a mimic that trains on the image is misled. Even random noise has an effect of this kind.';
    case 'detectability':
      return ' This metric says how easily protected images are told from clean ones: R says how much of that is left after an attack. It does not say whether a mimic that trains on the image is misled.';
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
${of('forest').map((figure) => figureOf(figure, `Residual R of each protection under each attack, with its 95 % interval (${under(answers, effect)}). Dashed lines: at 0 nothing of the effect is left; at 1 the attack removed nothing. A protection without an effect is not drawn; random noise is drawn for comparison.`))}
${of('forest').length === 0 && html`<p class="faint">No protection has an effect, so there is no residual to show.</p>`}
</section>
</div>
${
  of('curve').length > 0 &&
  html`<section ${trusted(index === 0 ? 'id="curves"' : '')}>
<h2>Residuals by strength of the attack</h2>
<div class="curves">${of('curve').map((figure) => figureOf(figure, `Residual R over the strength of ${figure.title}; stronger settings are to the right. Bands: 95 % intervals (${under(answers, effect)}).`))}</div>
</section>`
}
${together(effect, findings, figures)}
</div>`;
}

/** `d = 1 − SSIM, n = 12`; with the range of n if pairs differ in it. */
function under({ pairs }: Answers, effect: Effect): string {
  const ns = pairs
    .filter((pair) => pair.effect === effect && pair.residual.n > 0)
    .map(({ residual }) => residual.n);
  const d = `d = ${effect.symbol}`;
  if (ns.length === 0) return d;
  const [least, most] = [Math.min(...ns), Math.max(...ns)];
  const n = least === most ? `${least}` : `${least} to ${most}`;
  return `${d}, n\u00a0=\u00a0${n}`;
}

function matrixCaption({ thresholds, pairs }: Answers, effect: Effect): string {
  const ns = pairs.filter((pair) => pair.effect === effect).map(({ residual }) => residual.n);
  const few = Math.min(...ns.filter((n) => n > 1));
  const small =
    few < 6
      ? ` With n = ${few}, these intervals cover the true value in about ${Math.round(100 * (1 - 2 ** (1 - few)))} % of cases at best, because they are resampled from few images. Read these verdicts as provisional.`
      : '';
  const { holds, broken } = thresholds;
  return `Verdicts (d = ${effect.symbol}). Rows are attacks, columns are protections. Each tile shows the verdict, the residual R with its 95 % interval, and the number of images n. holds: the whole interval is above ${holds}. broken: the whole interval is below ${broken}. weakened: it lies between ${broken} and ${holds}. inconclusive: it crosses a threshold. Click a tile to see its images.${small}`;
}

/** Names the protections without an effect. */
function noEffect({ pairs }: Answers, effect: Effect): Html | undefined {
  const own = pairs.filter((pair) => pair.effect === effect);
  // The placebo is not expected to have one.
  const asked = own.filter(({ protection }) => !isPlacebo(protection));
  const without = [...new Set(asked.map(({ names }) => names.protection))].filter((name) =>
    own.filter(({ names }) => names.protection === name).every(({ outcome }) => outcome === 'no effect'),
  );
  if (without.length === 0) return undefined;
  const detectable = sayDetectable(own.filter(({ names }) => without.includes(names.protection)));
  return html`<p class="note"><strong>No effect was shown:</strong> ${listed(without)}. Before any attack, d[protected] − d[clean] is not shown to exceed 0, or the effect of random noise of the same size. So ${without.length === 1 ? 'this protection has' : `these ${count(without.length, 'protection')} have`} nothing that an attack could remove, and no residual.${detectable}</p>`;
}
