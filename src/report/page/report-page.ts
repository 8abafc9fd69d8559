/** @file The whole page, put together. */
import type { RunFolder } from '../../run/run-folder.ts';
import type { Answers } from '../../analysis/answers.ts';
import type { Figure } from '../figures.ts';
import type { Findings } from '../../analysis/findings/findings.ts';
import type { Gallery } from '../gallery.ts';
import { cellTable, failures } from './cell-table.ts';
import { clientScript, type ClientName } from './client-script.ts';
import { guide, provenance } from './guide.ts';
import { type Html, html, trusted } from './html.ts';
import { inBrief, masthead } from './masthead.ts';
import { results } from './effects.ts';
import { STYLE } from './style-sheet.ts';
import { viewer, viewerData } from './viewer.ts';

const SECTIONS = [
  ['brief', 'In brief'],
  ['matrix', 'Verdicts'],
  ['residuals', 'Residuals'],
  ['curves', 'Curves'],
  ['gallery', 'Images'],
  ['mimicry', 'Mimicry'],
  ['cells', 'All cells'],
  ['failures', 'Failures'],
  ['guide', 'How to read this'],
  ['provenance', 'Provenance'],
] as const;

/** What the page is made of. */
export interface ReportContents {
  readonly run: RunFolder;
  readonly answers: Answers;
  readonly findings: Findings;
  readonly figures: readonly Figure[];
  readonly gallery: Gallery;
  /** What fine-tuned models generate; undefined if the run fine-tuned none. */
  readonly mimicry: Html | undefined;
}

/** `report.html` as text: no request to anywhere, styles, scripts and pictures inside. */
export async function reportPage({
  run,
  answers,
  findings,
  figures,
  gallery,
  mimicry,
}: ReportContents): Promise<string> {
  const hasPictures = gallery.images.length > 0;
  const programs: ClientName[] = hasPictures ? ['tabs', 'table', 'viewer', 'zoom'] : ['tabs', 'table'];
  const shown = SECTIONS.filter(
    ([id]) =>
      (id !== 'curves' || figures.some(({ kind }) => kind === 'curve')) &&
      (id !== 'mimicry' || mimicry !== undefined),
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${run.manifest.tool.name} ${run.manifest.tool.version}">
<title>${run.manifest.name} – robustness report</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<nav aria-label="Sections">${shown.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
<main>
${masthead(run)}
${inBrief(answers, findings)}
${results(answers, findings, figures)}
${viewer(gallery)}
${mimicry}
${cellTable(answers)}
${failures(run)}
${guide(answers)}
${provenance(run)}
</main>
${hasPictures && viewerData(answers, gallery)}
${await clientScript(programs)}
</body>
</html>
`.html;
}
