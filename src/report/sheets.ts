/** @file Contact sheets: what models generate that have learnt each arm of a run, one row a model, one column a prompt. */
import type { RunFolder, RunLesson } from '../harness/run-folder.ts';
import { groupBy } from './group.ts';
import { createPreviewer } from './preview.ts';

/** One model's row. */
export interface SheetRow {
  /** What it has learnt, in words. */
  readonly name: string;
  /** WebP in base64, one a prompt. */
  readonly pictures: readonly string[];
  /** Of every training step; empty where nothing was learnt. */
  readonly losses: readonly number[];
}

/** The models that have learnt one artist's pictures. */
export interface Sheet {
  readonly artist: string;
  readonly metric: string;
  readonly prompts: readonly string[];
  readonly rows: readonly SheetRow[];
}

/** Longer side of a sheet's pictures, px. */
const SIDE = 128;

/** Most columns of a sheet. */
const COLUMNS = 8;

/** The sheets of a run under its first seed. */
export async function makeSheets({ generated }: RunFolder): Promise<Sheet[]> {
  const shown = generated.filter(({ seed }) => seed === generated[0]!.seed);
  const sheets = groupBy(shown, ({ artist, prompts }) => JSON.stringify([artist, prompts]));
  const made: Sheet[] = [];
  for (const lessons of sheets.values()) {
    const { artist, metric, prompts } = lessons[0]!;
    const rows: SheetRow[] = [];
    for (const lesson of lessons) rows.push(await rowOf(lesson));
    made.push({ artist, metric, prompts: prompts.slice(0, COLUMNS), rows });
  }
  return made;
}

async function rowOf(lesson: RunLesson): Promise<SheetRow> {
  const { pictures, losses, repeats, prompts } = lesson;
  const first = prompts.slice(0, COLUMNS).map((_, i) => pictures[i * repeats]!);
  const shown: string[] = [];
  for (const { path } of first) shown.push(await thumbnail(path, SIDE));
  return { name: learntIn(lesson), pictures: shown, losses };
}

/** A picture as WebP in base64; empty where its file is gone. */
export async function thumbnail(path: string, side: number): Promise<string> {
  const previewer = await createPreviewer();
  const pixels = await previewer.load(path).catch(() => undefined);
  return pixels === undefined ? '' : Buffer.from(await previewer.picture(pixels, side)).toString('base64');
}

/** What a model has learnt: `clean pictures`, `mist | jpeg`. */
export function learntIn({ arm, protection, attack }: RunLesson): string {
  if (arm === 'untuned') return 'no fine-tuning';
  const [shield, wash] = [protection ?? 'clean', attack];
  return wash === null ? shield : `${shield} | ${wash}`;
}
