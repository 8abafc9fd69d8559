/** @file The section with what fine-tuned models generate: how each did, contact sheets and loss curves. */
import type { MetricSetting } from '../../run/run-folder.ts';
import type { SweptCurve } from '../charts/swept-curve.ts';
import { formatInterval, formatNumber } from '../../analysis/numbers.ts';
import type { Sheet, SheetRow } from '../sheets.ts';
import { figureOf, type PageFigure } from './figure.ts';
import { type Html, html, trusted } from './html.ts';

/** A sheet with the chart of its losses, where its models were trained. */
export interface ShownSheet {
  readonly sheet: Sheet;
  readonly losses: PageFigure | undefined;
}

/** The sheets of a run; nothing where no model has learnt anything. */
export function mimicry(
  sheets: readonly ShownSheet[],
  curves: readonly (PageFigure & Pick<SweptCurve, 'artist' | 'metric' | 'parameter'>)[],
  votePage: string | undefined,
): Html | undefined {
  if (sheets.length === 0) return undefined;
  return html`<section id="mimicry">
<h2>What the mimic paints</h2>
<p class="note">Each row is a model that has learnt the pictures named at its left; columns are prompts, draws are the same in
all rows. Baselines come first: the model as it is, and those that learnt clean, attacked and noisy pictures.
${votePage !== undefined && html` <a href="${votePage}">Vote blind</a> on pairs, then <code>craquelure votes</code>.`}</p>
${curves.map((curve) => figureOf(curve, `${curve.metric} over ${curve.parameter}${curve.artist === '*' ? '' : ` (${curve.artist})`}, with 95 % intervals; one line for each thing that models have learnt.`))}
${sheets.map(sheetOf)}
</section>
`;
}

function sheetOf({ sheet, losses }: ShownSheet): Html {
  const { artist, swept, metrics, prompts, rows } = sheet;
  return html`<h3>${artist === '*' ? 'All pictures' : artist}${swept !== '' && html` <small>${swept}</small>`}</h3>
<div class="scroll sheet"><table>
<thead><tr><th>learnt</th>${metrics.map((metric) => html`<th class="n" title="${metric.protocol}">${nameOf(metric)}</th>`)}${prompts.map((prompt) => html`<th>${prompt}</th>`)}</tr></thead>
<tbody>${rows.map((row) => rowOf(row, metrics, prompts))}</tbody>
</table></div>
<p class="faint">Means over everything that a model painted, with 95 % intervals (Wilson's for shares, a bootstrap over paintings for the rest)${metrics.some(isSuccess) && '. Success: how often its painting is judged more like the artist than its pair by the model that learnt clean pictures; at 50 % a protection is useless, and clean against itself is a toss of a fair coin'}.</p>
${losses && figureOf(losses, 'Training loss of every model, running mean over a tenth of the steps. All models meet the same draws, so curves move together; right: less the loss of the model that learns clean pictures.')}
`;
}

const nameOf = ({ links, label }: MetricSetting): string => links[0]?.name ?? label;

const isSuccess = ({ links }: MetricSetting): boolean => links[0]?.id === 'lora-mimicry';

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
      ? html`<td class="faint">no picture</td>`
      : html`<td><img alt="${prompts[i]}" width="104" src="data:image/webp;base64,${picture}"></td>`,
  )}</tr>
`;
}

/** A long name breaks where its parameters do, rather than anywhere. */
const breakable = (name: string): Html[] =>
  name.split(/(?<=[(,|])/).map((piece, i) => html`${i > 0 && trusted('<wbr>')}${piece}`);

const percent = (share: number): string => (Number.isNaN(share) ? '–' : `${Math.round(100 * share)} %`);
