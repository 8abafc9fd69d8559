/** @file The head of the report: what was run, on what, where and when, and what came out in a few sentences. */
import type { RunFolder } from '../../run/run-folder.ts';
import type { Answers } from '../../analysis/answers.ts';
import { type ProtectionSummary, isLeading } from '../../analysis/findings/protection-summary.ts';
import type { Effect } from '../../analysis/answers.ts';
import type { Findings } from '../../analysis/findings/findings.ts';
import { type MimicGain, leadingGains } from '../../analysis/findings/mimic-gain.ts';
import { groupBy } from '../../stats/group.ts';
import { count, listed } from '../../analysis/numbers.ts';
import { type Html, html } from './html.ts';

/** Title block. */
export function masthead({ manifest, images, cells }: RunFolder): Html {
  const { dataset, environment, tool } = manifest;
  const commit =
    tool.commit === null ? '' : ` (${tool.commit.slice(0, 9)}${tool.dirty === true ? ', modified' : ''})`;
  const shown = new Set(images.map(({ image }) => image)).size || dataset.items.length;
  const facts: readonly (readonly [string, string])[] = [
    ['data set', `${dataset.name}, ${count(shown, 'image')}`],
    ['cells', count(cells.length, 'cell')],
    [manifest.seeds.length === 1 ? 'seed' : 'seeds', manifest.seeds.join(', ')],
    [
      'date',
      `${day(manifest.finished ?? manifest.started)}${manifest.finished === null ? ' (not finished)' : ''}`,
    ],
    ['program', `${tool.name} ${tool.version}${commit}`],
    [
      'machine',
      `${environment.cpu}, ${count(environment.cores, 'core')}, ${environment.os}, Node ${environment.node}`,
    ],
    ['run', manifest.run],
  ];
  return html`<header>
<p class="kind">Robustness report</p>
<h1>${manifest.name}</h1>
${manifest.description !== undefined && html`<p class="lead">${manifest.description}</p>`}
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${banner(cells)}
</header>`;
}

/** What the matrix lacks, said before anything else. */
function banner(cells: RunFolder['cells']): Html | undefined {
  const said = (status: string, one: string, many: string): string[] => {
    const n = cells.filter((cell) => cell.status === status).length;
    return n === 0 ? [] : [`${count(n, 'cell')} ${n === 1 ? one : many}`];
  };
  const parts = [
    ...said('failed', 'failed', 'failed'),
    ...said('partial', 'lacks some images', 'lack some images'),
    ...said('pending', 'has not run yet', 'have not run yet'),
  ];
  if (parts.length === 0) return undefined;
  return html`<p class="banner">This matrix is not complete: ${listed(parts)} (${count(cells.length, 'cell')} in all). <a href="#failures">See the reasons</a></p>`;
}

const day = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** A few sentences on each protection: under the primary effect, and on mimicry if the run measured it. */
export function inBrief({ effects }: Answers, { summaries, mimicGains }: Findings): Html {
  if (effects.length === 0)
    return html`<section id="brief"><h2>In brief</h2><p>This run has no cells.</p></section>`;
  const byProtection = groupBy(
    summaries.filter((summary) => isLeading(summary, effects[0])),
    ({ name }) => name,
  );
  return html`<section id="brief">
<h2>In brief</h2>
<ul class="brief">${[...byProtection].map(([name, own]) => protectionItem(name, own, effects[0]!))}${leadingGains(mimicGains).map(mimicItem)}</ul>
</section>`;
}

/** Whether there is a mimic to be protected from. */
const mimicItem = ({ effect, gained, sentence }: MimicGain): Html =>
  html`<li><code>mimic</code>${!gained && html` <span class="tag">no gain from fine-tuning</span>`} <span class="tag">${effect.symbol}</span> ${sentence}</li>`;

function protectionItem(name: string, summaries: readonly ProtectionSummary[], primary: Effect): Html {
  const { role, measured } = summaries[0]!;
  const sentences = summaries.map(({ effect, sentence, together, againstPlacebo }) => {
    const more = [together, againstPlacebo].filter((each) => each !== undefined).join(' ');
    const said = html`${sentence}${more !== '' && html` <span class="faint">${more}</span>`}`;
    return effect === primary ? said : html`<br><span class="tag">${effect.symbol}</span> ${said}`;
  });
  return html`<li><code>${name}</code>${role !== 'protection' && html` <span class="tag">${ROLES[role]}</span>`} ${sentences}${measured && html` <span class="faint">${measured}</span>`}</li>`;
}

/** Why a protection is in the run, if it is there for comparison only. */
const ROLES = { baseline: 'no protection', placebo: 'placebo' } as const;
