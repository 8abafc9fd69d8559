/** @file The section with what fine-tuned models generate: contact sheets and loss curves. */
import { formatNumber } from '../numbers.ts';
import type { Sheet, SheetRow } from '../sheets.ts';
import { type Html, html } from './html.ts';

/** The sheets of a run; nothing where no model has learnt anything. */
export function mimicry(sheets: readonly Sheet[], votePage: string | undefined): Html | undefined {
  if (sheets.length === 0) return undefined;
  return html`<section id="mimicry">
<h2>What the mimic paints</h2>
<p class="note">Each row is a model that has learnt the pictures named at its left; columns are prompts, draws are the same in
all rows. The curve is the loss of every training step, smoothed.
${votePage !== undefined && html` <a href="${votePage}">Vote blind</a> on pairs, then <code>craquelure votes</code>.`}</p>
${sheets.map(sheet)}
</section>
`;
}

const sheet = ({
  artist,
  prompts,
  rows,
}: Sheet): Html => html`<h3>${artist === '*' ? 'All pictures' : artist}</h3>
<div class="scroll sheet"><table>
<thead><tr><th>learnt</th><th>loss</th>${prompts.map((prompt) => html`<th>${prompt}</th>`)}</tr></thead>
<tbody>${rows.map(
  (row) => html`<tr><td>${row.name}</td><td>${curve(row)}</td>${row.pictures.map(
    (picture, i) =>
      html`<td><img alt="${prompts[i]}" width="128" loading="lazy" src="data:image/webp;base64,${picture}"></td>`,
  )}</tr>
`,
)}</tbody>
</table></div>
`;

const WIDTH = 160;
const HEIGHT = 64;

/** A loss curve, its running mean over a tenth of the steps, between its least and its greatest value. */
function curve({ losses }: SheetRow): Html | undefined {
  if (losses.length < 2) return undefined;
  const smooth = runningMean(losses, Math.max(1, Math.round(losses.length / 10)));
  const [low, high] = [Math.min(...smooth), Math.max(...smooth)];
  const points = smooth.map((loss, i) => {
    const x = (i / (smooth.length - 1)) * WIDTH;
    const y = HEIGHT - ((loss - low) / (high - low || 1)) * HEIGHT;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const range = `${formatNumber(smooth[0]!)} to ${formatNumber(smooth.at(-1)!)}`;
  return html`<svg width="${WIDTH}" height="${HEIGHT}" viewBox="-2 -2 ${WIDTH + 4} ${HEIGHT + 4}" role="img" aria-label="loss, ${range}">
<polyline points="${points.join(' ')}" fill="none" stroke="currentColor" stroke-width="1.5"/></svg><br>${range}`;
}

function runningMean(values: readonly number[], over: number): number[] {
  let sum = 0;
  const means: number[] = [];
  for (const [i, value] of values.entries()) {
    sum += value - (i >= over ? values[i - over]! : 0);
    if (i >= over - 1) means.push(sum / over);
  }
  return means;
}
