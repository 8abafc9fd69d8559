/** @file The comparison of two runs as files: a page that opens from disk, its charts for a paper, and the numbers. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toJsonValue } from '../files/json-number.ts';
import { writeAtomically } from '../files/atomic.ts';
import { writeJson } from '../files/json.ts';
import { THRESHOLDS, type Thresholds } from '../stats/verdict.ts';
import { pairedResiduals } from './charts/paired-residuals.ts';
import type { RunComparison } from '../analysis/compare.ts';
import { type ComparedMetric, comparisonPage } from './page/comparison-page.ts';
import { createRenderer } from './render.ts';

/** The names of the files in a comparison's folder, next to `figures/`. */
const FILES = { page: 'compare.html', data: 'compare.json' } as const;

/**
 * Writes `compare.html`, `compare.json` and `figures/*.{vl.json,svg,png}` into a folder; the page comes last.
 * @returns path of the page
 */
export async function writeComparison(
  found: RunComparison,
  dir: string,
  thresholds: Thresholds = THRESHOLDS,
): Promise<string> {
  const figures = join(dir, 'figures');
  await mkdir(figures, { recursive: true });
  const renderer = await createRenderer(() => undefined);
  const metrics: ComparedMetric[] = [];
  for (const metric of new Set(found.pairs.map((pair) => pair.metric))) {
    const spec = pairedResiduals(
      found.pairs.filter((pair) => pair.metric === metric),
      thresholds,
    );
    if (spec === undefined) {
      metrics.push({ metric, figure: undefined });
      continue;
    }
    const name = `compare-${metric.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`.slice(0, 80);
    const { svg, png } = await renderer.render(name, spec);
    await writeJson(join(figures, `${name}.vl.json`), spec);
    await writeAtomically(join(figures, `${name}.svg`), svg);
    await writeAtomically(join(figures, `${name}.png`), png);
    metrics.push({ metric, figure: { name, svg } });
  }
  await writeJson(join(dir, FILES.data), plain(found));
  const page = join(dir, FILES.page);
  await writeAtomically(page, await comparisonPage(found, metrics));
  return page;
}

/** Ready for `JSON.stringify`: a missing number is null, an infinite one a string. */
export function plain(found: RunComparison): unknown {
  return JSON.parse(
    JSON.stringify(found, (_, value: unknown) =>
      typeof value === 'number' ? (Number.isNaN(value) ? null : toJsonValue(value)) : value,
    ),
  );
}
