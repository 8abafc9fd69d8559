/** @file The report of a run: one page that opens from disk, its figures for a paper, and the findings as data. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_FILES } from '../run/names.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { writeAtomically } from '../files/atomic.ts';
import { writeJson } from '../files/json.ts';
import type { AnalysisOptions } from '../analysis/answers.ts';
import { analyse, analysisOptions } from '../analysis/analyse.ts';
import { chartsOf, lossChartsOf, renderCharts, sweptChartsOf } from './figures.ts';
import { findingsOf } from '../analysis/findings/findings.ts';
import { findingsCsv, findingsDocument } from '../analysis/findings/findings-file.ts';
import { makeGallery } from './gallery.ts';
import { mimicry } from './page/samples.ts';
import { reportPage } from './page/report-page.ts';
import { votePage } from './page/vote-page.ts';
import { makeSheets } from './sheets.ts';

export interface ReportOptions extends AnalysisOptions {
  /** What all pictures in the page may weigh together, in bytes of base64; 40 MB by default. */
  readonly pictureBytes?: number | undefined;
  /** Told what Vega has to say about a chart. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** Default of `pictureBytes`. */
const PICTURE_BYTES = 40e6;

/**
 * Writes `report.html`, `findings.{json,csv}` and `figures/*.{vl.json,svg,png}` into the run's folder. The same run gives the
 * same bytes. Every file is written under a temporary name first; the page comes last.
 * @returns path of the page
 * @throws USAGE if `options.effect` is not a metric of the run
 */
export async function writeReport(run: RunFolder, options: ReportOptions = {}): Promise<string> {
  const { pictureBytes = PICTURE_BYTES, onWarning = () => {} } = options;
  const answers = analyse(run, analysisOptions(run.manifest, options));
  const findings = findingsOf(run, answers);
  const figures = await renderCharts(chartsOf(answers, findings), onWarning);
  const sheets = await makeSheets(run, answers);
  const losses = await renderCharts(lossChartsOf(sheets), onWarning);
  const curves = await renderCharts(sweptChartsOf(sheets), onWarning);
  const folder = join(run.dir, 'figures');
  await clearEarlier(run.dir, folder);
  for (const { name, spec, svg, png } of [...figures, ...losses, ...curves]) {
    await writeJson(join(folder, `${name}.vl.json`), spec);
    await writeAtomically(join(folder, `${name}.svg`), svg);
    await writeAtomically(join(folder, `${name}.png`), png);
  }
  await writeJson(join(run.dir, RUN_FILES.findings), findingsDocument(run.manifest.run, answers, findings));
  await writeAtomically(join(run.dir, RUN_FILES.findingsCsv), findingsCsv(answers, findings));

  const gallery = await makeGallery(run, pictureBytes);
  const ballot = await votePage(run);
  if (ballot !== undefined) await writeAtomically(join(run.dir, RUN_FILES.vote), ballot);
  const shown = sheets.map((sheet) => ({ sheet, losses: losses.find((figure) => figure.sheet === sheet) }));
  const page = join(run.dir, RUN_FILES.report);
  const contents = {
    run,
    answers,
    findings,
    figures,
    gallery,
    mimicry: mimicry(shown, curves, ballot && RUN_FILES.vote),
  };
  await writeAtomically(page, await reportPage(contents));
  return page;
}

/**
 * Removes what an earlier report left: charts that may have other names today, and the numbers that version 0.1 wrote to
 * `verdicts.json` and that are in `findings.json` now. Left behind, they would pass for results of this report.
 */
async function clearEarlier(dir: string, folder: string): Promise<void> {
  await rm(join(dir, 'verdicts.json'), { force: true });
  await mkdir(folder, { recursive: true });
  const ours = /^(matrix|forest|curve|pareto|loss|swept)-.*\.(vl\.json|svg|png)$/;
  for (const name of await readdir(folder)) if (ours.test(name)) await rm(join(folder, name));
}
