/** @file The section with what fine-tuned models generate: how each did, contact sheets and loss curves. */
import type { MetricSetting } from '../../experiment/setting.ts';
import type { SweptCurve } from '../charts/swept-curve.ts';
import { formatInterval, formatNumber } from '../../analysis/numbers.ts';
import type { Sheet, SheetRow } from '../sheets.ts';
import { figureOf, type PageFigure } from './figure.ts';
import { type Html, html, trusted } from './html.ts';

/** A sheet with the chart of its losses; undefined if no model of it was trained. */
export interface ShownSheet {
  readonly sheet: Sheet;
  readonly losses: PageFigure | undefined;
}

/** The sheets of a run; undefined if the run fine-tuned no model. */
export function mimicry(
  sheets: readonly ShownSheet[],
  curves: readonly (PageFigure & Pick<SweptCurve, 'artist' | 'metric' | 'parameter'>)[],
  votePage: string | undefined,
): Html | undefined {
  if (sheets.length === 0) return undefined;
  return html`<section id="mimicry">
<h2>Samples of the mimics</h2>
<p class="note">Each row is a model; its name says which images it was fine-tuned on. Each column is a prompt. All rows share the
same random draws. Baselines come first: the model without fine-tuning, then models of clean, attacked and noisy images.
${votePage !== undefined && html` <a href="${votePage}">Vote blind</a> on pairs of samples, and count the votes with <code>craquelure count-votes</code>.`}</p>
${curves.map((curve) => figureOf(curve, `${curve.metric} over ${curve.parameter}${curve.artist === '*' ? '' : ` (${curve.artist})`}, with 95 % intervals. Each line is one kind of training set.`))}
${sheets.map(sheetOf)}
</section>
`;
}

function sheetOf({ sheet, losses }: ShownSheet): Html {
  const { artist, swept, metrics, prompts, rows } = sheet;
  return html`<h3>${artist === '*' ? 'All images' : artist}${swept !== '' && html` <small>${swept}</small>`}</h3>
<div class="scroll sheet"><table>
<thead><tr><th>trained on</th>${metrics.map((metric) => html`<th class="n" title="${metric.protocol}">${nameOf(metric)}</th>`)}${prompts.map((prompt) => html`<th>${prompt}</th>`)}</tr></thead>
<tbody>${rows.map((row) => rowOf(row, metrics, prompts))}</tbody>
</table></div>
<p class="faint">Means over all samples of a model, with 95 % intervals: Wilson's for shares of hits.${metrics.some(({ againstControl }) => againstControl) && ' Success: each sample is compared with samples of the clean model for the same prompt, made from other random numbers. Success is the share of them that it beats in likeness to the artist. At 50 % a protection is useless; the clean model is at 50 % by definition.'}</p>
${losses && figureOf(losses, 'Training loss of each model, as a running mean over a tenth of the steps. All models train with the same random draws, so their curves rise and fall together. Right: the loss minus the loss of the clean model.')}
`;
}

const nameOf = ({ links, label }: MetricSetting): string => links[0]?.name ?? label;

function rowOf(
  { name, role, pictures, measures }: SheetRow,
  metrics: readonly MetricSetting[],
  prompts: readonly string[],
): Html {
  return html`<tr data-role="${role}"><th scope="row">${breakable(name)}</th>${measures.map(
    ({ mean, n }, i) => {
      const format = metrics[i]!.binary ? percent : formatNumber;
      return html`<td class="n">${format(mean.value)}<br><small>${formatInterval(mean.interval, format)}${n > 0 && html`<br>n = ${n}`}</small></td>`;
    },
  )}${pictures.map((picture, i) =>
    picture === ''
      ? html`<td class="faint">no sample</td>`
      : html`<td><img alt="${prompts[i]}" width="104" src="data:image/webp;base64,${picture}"></td>`,
  )}</tr>
`;
}

/** A long name breaks where its parameters do, rather than anywhere. */
const breakable = (name: string): Html[] =>
  name.split(/(?<=[(,|])/).map((piece, i) => html`${i > 0 && trusted('<wbr>')}${piece}`);

const percent = (share: number): string => (Number.isNaN(share) ? '–' : `${Math.round(100 * share)} %`);
