/** @file Rows and pictures of a run in forms that other programs read. */
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { priced, toCsv, toParquet } from './results.ts';
import { formatRow } from './rows.ts';
import type { RunFolder, RunImage } from './run-folder.ts';

/** Rows as the content of a file; tables have the price of the attacks, too. */
export async function exportRows(
  run: RunFolder,
  format: 'csv' | 'jsonl' | 'parquet',
): Promise<string | Uint8Array> {
  switch (format) {
    case 'csv':
      return toCsv(priced(run));
    case 'jsonl':
      return run.rows.map((row) => `${formatRow(row)}\n`).join('');
    case 'parquet':
      return toParquet(priced(run));
  }
}

/** Copies the pictures of all arms into `dir`, in folders that say what was done to them. @returns how many */
export async function exportImages({ images }: RunFolder, dir: string): Promise<number> {
  for (const each of images) {
    const target = join(
      dir,
      folderOf(each),
      `${each.image.slice(0, each.image.length - extname(each.image).length)}.png`,
    );
    await mkdir(dirname(target), { recursive: true });
    await copyFile(each.path, target);
  }
  return images.length;
}

/** `attacked-protected/noise(level=light)/jpeg(quality=50)/seed-0`; characters that some file system refuses become `_`. */
function folderOf({ arm, protection, attack, seed }: RunImage): string {
  const settings = [protection, attack].filter((label) => label !== null);
  const folders = settings.map((label) => label.replaceAll(/[<>:"/\\|?*]/g, '_'));
  return join(arm, ...folders, ...(settings.length > 0 ? [`seed-${seed}`] : []));
}
