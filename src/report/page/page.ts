/** @file The whole page, put together. */
import type { RunFolder } from '../../run/run-folder.ts';
import type { Answers } from '../../analysis/analysis.ts';
import type { Figure } from '../figures.ts';
import type { Findings } from '../../analysis/findings.ts';
import type { Gallery } from '../gallery.ts';
import { cellTable, failures } from './cells.ts';
import { guide, provenance } from './guide.ts';
import { type Html, html, trusted } from './html.ts';
import { inBrief, masthead } from './masthead.ts';
import { results } from './results.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { viewer, viewerData } from './viewer.ts';

const SECTIONS = [
  ['brief', 'In brief'],
  ['matrix', 'Verdicts'],
  ['residuals', 'Residuals'],
  ['curves', 'Curves'],
  ['gallery', 'Pictures'],
  ['mimicry', 'Mimicry'],
  ['cells', 'All cells'],
  ['failures', 'Failures'],
  ['guide', 'How to read this'],
  ['provenance', 'Provenance'],
] as const;

/** `report.html` as text: no request to anywhere, styles, scripts and pictures inside. */
export function reportPage(
  run: RunFolder,
  answers: Answers,
  findings: Findings,
  figures: readonly Figure[],
  gallery: Gallery,
  /** What fine-tuned models generate; undefined where none was. */
  sheets?: Html,
): string {
  const shown = SECTIONS.filter(
    ([id]) =>
      (id !== 'curves' || figures.some(({ kind }) => kind === 'curve')) &&
      (id !== 'mimicry' || sheets !== undefined),
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
${sheets}
${cellTable(answers)}
${failures(run)}
${guide(answers)}
${provenance(run)}
</main>
${gallery.images.length > 0 && viewerData(answers, gallery)}
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.html;
}
