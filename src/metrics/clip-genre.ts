/**
 * @file Whether CLIP still assigns the genre of an image. Zero-shot: the true genre is among the top three of a list, by the
 * cosine of image and names. Glaze counts misled mimics by it ("CLIP-based genre shift"), IMPRESS restored ones. Both judge a
 * mimic's images; here any image can be judged.
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

/** The genres that IMPRESS adds for modern art. */
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

/** The parameters of a genre metric. */
export const genreParameters = {
  topK: z.int().min(1).max(39).default(3).describe('number of top genres that count as a match'),
  genres: z
    .enum(['impress', 'wikiart'])
    .default('impress')
    .describe('list of genres: impress (27 of WikiArt and 12 modern ones) or wikiart (27)'),
  underscores: z
    .boolean()
    .default(false)
    .describe(
      "whether to spell genres as IMPRESS's program does (Post_Impressionism), to compare with its numbers",
    ),
  genre: z
    .string()
    .default('')
    .describe("true genre of all images; empty: the column 'genre' of the manifest"),
};

/** Earlier names of these parameters. */
export const genreFormerNames = { topK: 'top' } as const;

type GenreParameters = z.infer<z.ZodObject<typeof genreParameters>>;

/** The shared part of the protocols of genre metrics. */
export const GENRE_PROTOCOL =
  'cosines of projected image and text embeddings, names without a template, each text alone, equal ones ' +
  "in the list's order";

export const clipGenre = defineMetric({
  id: 'clip-genre',
  version: 1,
  kind: 'view',
  label: 'CLIP genre kept',
  summary: "Whether the image's genre is among the top genres that CLIP assigns to it: 1 or 0.",
  reference:
    'Shan et al., Glaze (USENIX Security 2023), CLIP-based genre shift; Cao et al., IMPRESS (NeurIPS 2023), top-3 accuracy',
  protocol: `clip-genre@1: ${GENRE_PROTOCOL}; ${PREPARATION['image-embedder']}`,
  unit: '',
  higherIsBetter: true,
  binary: true,
  smallestEffect: 0.1,
  params: z.strictObject(genreParameters),
  formerNames: genreFormerNames,
  needs: () => roleNeeds('image-embedder', 'text-embedder'),
  pins: CLIP_PINS,
  random: false,
  measure: async (image, _reference, params, context) => {
    const genre = params.genre === '' ? image.genre : params.genre;
    if (genre === undefined) throw unknownGenre('clip-genre', image.id);
    return genreKept('clip-genre', image, genre, params, context);
  },
});

/** 1 if a genre is among the top genres that CLIP assigns to an image, else 0. @throws DATASET if the list lacks it */
export async function genreKept(
  metric: string,
  picture: ImageRef,
  genre: string,
  { topK, genres, underscores }: GenreParameters,
  context: MetricContext,
): Promise<0 | 1> {
  const names = genres === 'wikiart' ? WIKIART : [...WIKIART, ...TODAY];
  const truth = listed(genre, names);
  // Only WikiArt's names are spelt with underscores.
  const written = names.map((name) =>
    underscores && WIKIART.includes(name) ? name.replaceAll(' ', '_') : name,
  );
  const ranked = await rankedTexts(metric, picture, written, context);
  return ranked.slice(0, topK).includes(written[names.indexOf(truth)]!) ? 1 : 0;
}

/** A genre as the list spells it. @throws DATASET if it is unknown */
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
