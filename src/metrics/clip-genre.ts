/**
 * @file Does CLIP still see the picture's genre? Zero-shot: the true one is among the first three of a list, by cosine
 * between picture and names. Glaze counts so which mimics it has misled ("CLIP-based genre shift"), IMPRESS which of them
 * it has brought back; both ask of a mimic's paintings, and here any picture may be asked of.
 */
import { z } from 'zod';
import { roleNeeds } from '../plugin/define.ts';
import { unknownGenre, unknownName } from '../messages/index.ts';
import { PREPARATION } from '../models/vectors.ts';
import { defineMetric, type ImageRef, type MetricContext } from './define.ts';
import { CLIP_PINS, rankedTexts } from './parts/zero-shot.ts';

/** The styles of the WikiArt data set (Saleh and Elgammal 2015), in IMPRESS's order. */
const WIKIART = [
  'Color Field Painting',
  'Contemporary Realism',
  'Naive Art Primitivism',
  'Post Impressionism',
  'Art Nouveau Modern',
  'Analytical Cubism',
  'Impressionism',
  'Expressionism',
  'Action painting',
  'Early Renaissance',
  'Cubism',
  'Mannerism Late Renaissance',
  'Fauvism',
  'Minimalism',
  'New Realism',
  'Northern Renaissance',
  'Synthetic Cubism',
  'Rococo',
  'Ukiyo e',
  'High Renaissance',
  'Symbolism',
  'Pop Art',
  'Pointillism',
  'Baroque',
  'Romanticism',
  'Realism',
  'Abstract Expressionism',
];

/** What IMPRESS adds for art of today. */
const TODAY = [
  'Anime',
  'Caricature',
  'Cartoon',
  'Picture Books',
  'Comics',
  'Commercial Art',
  'Concept Art',
  'Fantasy',
  'Fashion',
  'Fine art',
  'Line art',
  'Retro',
];

/** How a genre is asked for. */
export const genreParameters = {
  top: z.int().min(1).max(39).default(3).describe('how many of the first genres count'),
  genres: z
    .enum(['impress', 'wikiart'])
    .default('impress')
    .describe("impress: WikiArt's 27 and 12 of today; wikiart: the 27"),
  underscores: z
    .boolean()
    .default(false)
    .describe("names as IMPRESS's program reads them, Post_Impressionism, for its own numbers"),
  genre: z
    .string()
    .default('')
    .describe("the true one of all pictures; empty: as the manifest's column 'genre' says"),
};

type GenreParameters = z.infer<z.ZodObject<typeof genreParameters>>;

/** What the protocols of metrics that ask so have in common. */
export const GENRE_PROTOCOL =
  'cosines of projected image and text embeddings, names without a template, each text alone, equal ones ' +
  "in the list's order";

export const clipGenre = defineMetric({
  id: 'clip-genre',
  version: 1,
  kind: 'view',
  label: 'CLIP genre kept',
  summary: "Is the picture's genre among the first three that CLIP would give it? 1 or 0.",
  reference:
    'Shan et al., Glaze (USENIX Security 2023), CLIP-based genre shift; Cao et al., IMPRESS (NeurIPS 2023), top-3 accuracy',
  protocol: `clip-genre@1: ${GENRE_PROTOCOL}; ${PREPARATION['image-embedder']}`,
  unit: '',
  higherIsBetter: true,
  binary: true,
  params: z.strictObject(genreParameters),
  needs: () => roleNeeds('image-embedder', 'text-embedder'),
  pins: CLIP_PINS,
  random: false,
  measure: async (image, _reference, params, context) => {
    const genre = params.genre === '' ? image.genre : params.genre;
    if (genre === undefined) throw unknownGenre('clip-genre', image.id);
    return genreKept('clip-genre', image, genre, params, context);
  },
});

/** 1 where a genre is among the first that CLIP gives a picture, else 0. @throws DATASET where the list lacks it */
export async function genreKept(
  metric: string,
  picture: ImageRef,
  genre: string,
  { top, genres, underscores }: GenreParameters,
  context: MetricContext,
): Promise<0 | 1> {
  const names = genres === 'wikiart' ? WIKIART : [...WIKIART, ...TODAY];
  const truth = listed(genre, names);
  // Only WikiArt's names come with underscores.
  const written = names.map((name) =>
    underscores && WIKIART.includes(name) ? name.replaceAll(' ', '_') : name,
  );
  const ranked = await rankedTexts(metric, picture, written, context);
  return ranked.slice(0, top).includes(written[names.indexOf(truth)]!) ? 1 : 0;
}

/** A genre as the list spells it. @throws DATASET where it is unknown */
function listed(genre: string, names: readonly string[]): string {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replaceAll(/[\s_-]+/g, ' ')
      .trim();
  const found = names.find((name) => plain(name) === plain(genre));
  if (found === undefined) throw unknownName('genre', genre, names, { code: 'DATASET' });
  return found;
}
