/** @file The table of all cells, and the list of what failed. */
import type { Row } from '../../run/rows.ts';
import { ARMS, type RowArm } from '../../metrics/arms.ts';
import type { RunFolder } from '../../run/run-folder.ts';
import type { Analysis, Answers, ArmMean } from '../../analysis/answers.ts';
import { printsResidual } from '../../analysis/outcome.ts';
import { groupBy } from '../../stats/group.ts';
import { count, formatInterval, formatNumber, formatShare } from '../../analysis/numbers.ts';
import { type Html, html, trusted } from './html.ts';

/** The names of the arms in words. */
export const ARM_NAMES: Readonly<Record<RowArm, string>> = {
  clean: 'clean',
  protected: 'protected',
  'attacked-clean': 'attack(clean)',
  'attacked-protected': 'attack(protected)',
  floor: 'noise floor',
  untuned: 'no fine-tuning',
};

const NUMERIC: ReadonlySet<string> = new Set([
  'seed',
  ...ARMS.map((arm) => ARM_NAMES[arm]),
  'effect d',
  'R',
  'n',
  'errors',
]);

/** Every cell, one a row; sorted and filtered by the page's script. */
export function cellTable({ cells }: Answers): Html {
  const outcomes = [...new Set(cells.map(({ outcome }) => outcome))];
  const head = [
    'protection',
    'attack',
    'metric',
    'seed',
    ...ARMS.map((arm) => ARM_NAMES[arm]),
    'effect d',
    'R',
    'verdict',
    'n',
    'errors',
  ];
  return html`<section id="cells">
<h2>All cells</h2>
<p class="controls"><label>Filter <input id="cell-filter" type="search" placeholder="noise jpeg ssim"></label>
<label>Verdict <select id="cell-outcome"><option value="">all</option>${outcomes.map((outcome) => html`<option>${outcome}</option>`)}</select></label>
<span id="cell-count" class="faint">${count(cells.length, 'cell')}</span></p>
<div class="scroll"><table id="cell-table">
<thead><tr>${head.map((name) => html`<th scope="col"${NUMERIC.has(name) && trusted(' class="n"')}><button type="button">${name}</button></th>`)}</tr></thead>
<tbody>${cells.map(cellRow)}</tbody>
</table></div>
<p class="faint">Columns of arms: mean of the metric over images with its 95 % interval, in the unit of the metric. Shares of hits have Wilson's interval. Infinite values (the PSNR of two equal images) are counted separately and are not part of the mean. Effect d: mean of d[protected] − d[clean]. Noise floor: the value of a set metric between random halves of the clean set.</p>
</section>`;
}

function cellRow(analysis: Analysis): Html {
  const { names, effect, cells, arms, residual, verdict, outcome, errors, excluded } = analysis;
  const { floor } = analysis;
  const { value, interval } = residual.effect;
  const left =
    excluded === 0 ? '' : `${count(excluded, 'image')} left out: not measured in all arms, or infinite`;
  return html`<tr data-outcome="${outcome}"><td>${names.protection}</td><td>${names.attack}</td><td>${effect.metric.label}</td><td class="n">${cells.map(({ seed }) => seed).join(', ')}</td>
${ARMS.map((arm) => armCell(arms[arm]))}
${numberCell(value, formatNumber(value), floor === undefined ? formatInterval(interval, formatNumber) : `floor ${formatNumber(floor)}`)}
${!printsResidual(analysis) ? html`<td class="n" data-value="">–</td>` : numberCell(residual.ratio.value, formatShare(residual.ratio.value), formatInterval(residual.ratio.interval, formatShare))}
<td title="${verdict.reason}"><span class="verdict" data-outcome="${outcome}">${outcome}</span>${verdict.open.length > 0 && html`<br><small>${verdict.open.join(' or ')}</small>`}</td>
<td class="n" title="${left}">${residual.n}${excluded > 0 && html`<br><small>−${excluded}</small>`}</td><td class="n">${errors}</td></tr>
`;
}

function armCell({ mean, infinite, n }: ArmMean): Html {
  const infinities = infinite === 0 || infinite === n ? '' : `and ${infinite} × ∞`;
  const constant = mean.interval?.lo === mean.interval?.hi;
  return numberCell(
    mean.value,
    formatNumber(mean.value),
    infinities || (constant ? '' : formatInterval(mean.interval)),
  );
}

/** A number with something small under it; sorted by its value. */
function numberCell(value: number, text: string, below: string): Html {
  return html`<td class="n" data-value="${Number.isNaN(value) ? '' : String(value)}">${text}${below !== '' && html`<br><small>${below}</small>`}</td>`;
}

/** What failed and why, the same reasons together. */
export function failures({ rows, cells }: RunFolder): Html {
  const last = new Map(rows.map((row) => [JSON.stringify([row.cell, row.arm, row.image]), row]));
  const failed = [...last.values()].filter(({ status }) => status === 'error');
  const pending = cells.filter(({ status }) => status === 'pending');
  if (failed.length === 0 && pending.length === 0) {
    return html`<section id="failures"><h2>Failures</h2><p>None: all ${count(cells.length, 'cell')} were measured on every image.</p></section>`;
  }
  const byCell = groupBy(failed, ({ cell, error }) => JSON.stringify([cell, error]));
  return html`<section id="failures">
<h2>Failures</h2>
${
  failed.length > 0 &&
  html`<div class="scroll"><table><thead><tr><th>cell</th><th>protection</th><th>attack</th><th>metric</th><th>measurements</th><th>error</th></tr></thead>
<tbody>${[...byCell.values()].map(failureRow)}</tbody></table></div>`
}
${pending.length > 0 && html`<details><summary>${count(pending.length, 'cell')} not run yet</summary><ul>${pending.map(({ protection, attack, metric, seed }) => html`<li><code>${protection.label}</code> × <code>${attack.label}</code>, ${metric.label}, seed ${seed}</li>`)}</ul></details>`}
</section>`;
}

function failureRow(rows: readonly Row[]): Html {
  const { cell, protection, attack, metric, error } = rows[0]!;
  const where = rows.slice(0, 6).map(({ arm, image }) => `${ARM_NAMES[arm]} of ${image}`);
  const more = rows.length > where.length ? ` and ${rows.length - where.length} more` : '';
  return html`<tr><td><code>${cell}</code></td><td>${protection}</td><td>${attack}</td><td>${metric}</td><td>${where.join(', ')}${more}</td><td>${error ?? 'no reason given'}</td></tr>
`;
}
