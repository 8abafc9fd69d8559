/** @file The data sets at hand: manifests of a folder, and generators. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Papa from 'papaparse';
import { readText } from '../files/text.ts';
import { MOTIF_IDS, PAINTER_IDS } from '../atelier/catalogue.ts';

/** A manifest, without looking for its pictures. */
export interface ListedManifest {
  readonly path: string;
  readonly pictures: number;
  readonly artists: readonly string[];
  readonly licences: readonly string[];
}

/** The CSV manifests in a folder; none if there is no such folder. */
export async function listManifests(folder: string): Promise<ListedManifest[]> {
  const names = await readdir(folder).catch(() => []);
  const manifests = names.filter((name) => name.toLowerCase().endsWith('.csv')).sort();
  return Promise.all(manifests.map((name) => describeManifest(join(folder, name))));
}

async function describeManifest(path: string): Promise<ListedManifest> {
  const text = await readText(path);
  const { data } = Papa.parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
  const distinct = (column: string): string[] =>
    [...new Set(data.map((row) => row[column] ?? ''))].filter((each) => each !== '');
  return { path, pictures: data.length, artists: distinct('artist'), licences: distinct('licence') };
}

/** What the generator of paintings can be asked for. */
export const describeAtelier = (): {
  readonly painters: readonly string[];
  readonly motifs: readonly string[];
} => ({
  painters: PAINTER_IDS,
  motifs: MOTIF_IDS,
});
