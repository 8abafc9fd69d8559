/**
 * @file Whether CLIP still gives a mimic's painting the artist's genre: the measure by which Glaze counts whom it has misled
 * ("CLIP-based genre shift", 1 less this one), and IMPRESS whom it has brought back.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { unknownGenre } from '../../messages/index.ts';
import { groupBy } from '../../stats/group.ts';
import { GENRE_PROTOCOL, genreKept, genreParameters } from '../clip-genre.ts';
import { defineMetric, type ImageSet } from '../define.ts';
import { CLIP_PINS } from '../parts/zero-shot.ts';
import { mimicry, mimicryParameters, mimicryProtocol } from './mimicry.ts';

export const mimicryGenre = defineMetric({
  ...mimicry,
  id: 'lora-mimicry-genre',
  label: 'Mimicry: CLIP genre',
  summary: "Is the artist's genre among the first three that CLIP would give a mimic's picture? 1 or 0.",
  reference:
    'Shan et al., Glaze (USENIX Security 2023), CLIP-based genre shift; Cao et al., IMPRESS (NeurIPS 2023)',
  protocol: mimicryProtocol('lora-mimicry-genre', `genre of the held-out pictures; ${GENRE_PROTOCOL}`),
  higherIsBetter: true,
  binary: true,
  params: z.strictObject({ ...mimicryParameters.shape, ...genreParameters }),
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion, 'image-embedder', 'text-embedder'),
  pins: CLIP_PINS,
  random: false,
  judge: async ({ picture, artist }, references, params, context) => {
    const genre = params.genre === '' ? genreOf(artist, references) : params.genre;
    return genreKept('lora-mimicry-genre', picture, genre, params, context);
  },
});

/** The genre of most of an artist's held-out pictures, the first of several. @throws DATASET where none is told */
function genreOf(artist: string, references: ImageSet): string {
  const heldOut = references.filter((each) => (each.artist ?? '') === artist);
  const told = heldOut.flatMap(({ genre }) => genre ?? []);
  const [most] = [...groupBy(told, (genre) => genre)].sort(([, a], [, b]) => b.length - a.length);
  if (most === undefined) throw unknownGenre('lora-mimicry-genre', heldOut[0]!.id);
  return most[0];
}
