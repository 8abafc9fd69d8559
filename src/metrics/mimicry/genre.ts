/**
 * @file Whether CLIP still assigns the artist's genre to a mimic's image. Glaze counts misled mimics by it ("CLIP-based genre
 * shift", 1 minus this one), IMPRESS restored ones.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { unknownGenre } from '../../messages/index.ts';
import { groupBy } from '../../stats/group.ts';
import { GENRE_PROTOCOL, genreFormerNames, genreKept, genreParameters } from '../clip-genre.ts';
import { defineMetric, type ImageSet } from '../define.ts';
import { CLIP_PINS } from '../parts/zero-shot.ts';
import { mimicry, mimicryParameters, mimicryProtocol } from './mimicry.ts';

export const mimicryGenre = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-genre',
  label: 'Mimicry: CLIP genre',
  summary: "Whether the artist's genre is among the top genres that CLIP assigns to a mimic's image: 1 or 0.",
  reference:
    'Shan et al., Glaze (USENIX Security 2023), CLIP-based genre shift; Cao et al., IMPRESS (NeurIPS 2023)',
  protocol: mimicryProtocol('lora-mimicry-genre', `genre of the held-out images; ${GENRE_PROTOCOL}`),
  higherIsBetter: true,
  binary: true,
  params: z.strictObject({ ...mimicryParameters.shape, ...genreParameters }),
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion, 'image-embedder', 'text-embedder'),
  formerNames: { ...mimicry.formerNames, ...genreFormerNames },
  pins: CLIP_PINS,
  random: false,
  judge: async ({ picture, artist }, references, params, context) => {
    const genre = params.genre === '' ? genreOf(artist, references) : params.genre;
    return genreKept('lora-mimicry-genre', picture, genre, params, context);
  },
});

/** The most frequent genre of an artist's held-out images, the first of several. @throws DATASET if none is known */
function genreOf(artist: string, references: ImageSet): string {
  const heldOut = references.filter((each) => (each.artist ?? '') === artist);
  const told = heldOut.flatMap(({ genre }) => genre ?? []);
  const [most] = [...groupBy(told, (genre) => genre)].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined) throw unknownGenre('lora-mimicry-genre', heldOut[0]!.id);
  return most[0];
}
