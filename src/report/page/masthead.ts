/** @file The head of the report: what was run, on what, where and when, and what came out in a few sentences. */
import type { RunFolder, Setting } from '../../harness/run-folder.ts';
import type { Answers } from '../analysis.ts';
import type { Findings } from '../findings.ts';
import { count, formatNumber, listed } from '../numbers.ts';
import { besidePlacebo } from '../placebo.ts';
import { isIdentity, isPlacebo, sayStanding, summarise } from '../summary.ts';
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

/** What is missing from the matrix, said before anything else. */
function banner(cells: RunFolder['cells']): Html | undefined {
  const of = (status: string): number => cells.filter((cell) => cell.status === status).length;
  const parts = [
    of('failed') > 0 && `${of('failed')} failed`,
    of('partial') > 0 && `${of('partial')} lack${of('partial') === 1 ? 's' : ''} some images`,
    of('pending') > 0 && `${of('pending')} ${of('pending') === 1 ? 'is' : 'are'} not run yet`,
  ].filter((part) => part !== false);
  if (parts.length === 0) return undefined;
  return html`<p class="banner">This matrix is not complete: of ${count(cells.length, 'cell')} ${listed(parts)}. <a href="#failures">Reasons</a></p>`;
}

const day = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;

/** One sentence a protection, under the primary effect. */
export function inBrief(run: RunFolder, { effects, pairs }: Answers, { standings }: Findings): Html {
  const primary = effects[0];
  if (primary === undefined)
    return html`<section id="brief"><h2>In brief</h2><p>This run has no cells.</p></section>`;
  const own = pairs.filter(({ effect }) => effect === primary);
  const protections = new Map(own.map(({ protection, names }) => [names.protection, protection]));
  return html`<section id="brief">
<h2>In brief</h2>
<ul class="brief">${[...protections].map(([name, protection]) => {
    const sentence = summarise(own.filter(({ names }) => names.protection === name));
    const placebo = besidePlacebo(protection, own);
    const standing = standings.find(({ of }) => of.effect === primary && of.names.protection === name);
    const all = standing && sayStanding(standing);
    return html`<li><code>${name}</code>${tag(protection)} ${sentence}${all && ` ${all}`}${placebo && ` ${placebo}`}${budget(run, protection)}</li>`;
  })}</ul>
</section>`;
}

function tag(protection: Setting): Html | undefined {
  if (isIdentity(protection)) return html` <span class="tag">no protection</span>`;
  return isPlacebo(protection) ? html` <span class="tag">placebo</span>` : undefined;
}

/** The budget as measured on the saved files. */
function budget({ images }: RunFolder, protection: Setting): Html | undefined {
  const own = images.filter((record) => record.arm === 'protected' && record.protection === protection.label);
  const linf = own.flatMap(({ linfPx }) => linfPx ?? []);
  const psnr = own.flatMap((record) => record.psnr ?? []).filter(Number.isFinite);
  if (isIdentity(protection) || linf.length === 0) return undefined;
  const [least, most] = [Math.min(...psnr), Math.max(...psnr)].map((value) => formatNumber(value));
  const range = psnr.length === 0 ? '' : `, PSNR ${least === most ? least : `${least} to ${most}`} dB`;
  return html` <span class="faint">Measured: L∞ at most ${level(Math.max(...linf))}/255${range}.</span>`;
}

/** Levels of an 8-bit file are whole numbers. */
const level = (value: number): string => (Number.isInteger(value) ? String(value) : formatNumber(value));
