/** @file The atelier as a data set: its paintings as items. */
import { type AtelierParameters, recipesFor } from '../atelier/catalogue.ts';
import { MOTIFS } from '../atelier/motifs/index.ts';
import { ATELIER_VERSION, type Recipe } from '../atelier/paint.ts';
import { PAINTERS } from '../atelier/painters/index.ts';
import { seededRandom } from '../random.ts';
import { sha256 } from '../files/hashes.ts';
import type { Dataset, DatasetItem } from './dataset.ts';
import { readOrigin } from './origin.ts';

/** The data set; pictures are painted when they are read. */
export function openAtelier(parameters: AtelierParameters): Dataset {
  const items = recipesFor(parameters).map(({ variation, ...recipe }) =>
    itemOf(recipe, `${recipe.painter}/${recipe.motif}-${variation}.png`),
  );
  return { name: 'atelier', items, notes: [] };
}

function itemOf(recipe: Recipe, id: string): DatasetItem {
  const { painter, motif, size, seed } = recipe;
  const artist = PAINTERS[painter].name;
  const origin = { kind: 'atelier', recipe } as const;
  return {
    id,
    // Painting every picture only to name it would cost a second for every three: what they are made from names them.
    sha256: sha256(JSON.stringify(['atelier', ATELIER_VERSION, painter, motif, size, seed])),
    artist,
    title: seededRandom(seed).fork('title').pick<string>(MOTIFS[motif].titles),
    licence: 'CC0-1.0',
    caption: `a painting of ${MOTIFS[motif].phrase} by ${artist}`,
    source: `craquelure atelier ${ATELIER_VERSION}`,
    origin,
    bytes: () => readOrigin(origin),
  };
}
