/**
 * @file Poison: a model learns pictures of several concepts, k of one of them as an arm has them, the rest clean; then it is
 * asked for that concept. Does it still paint it? (Shan et al. 2024, Nightshade, section 5, on a small scale: they poison
 * the training of a large model, this poisons a fine-tuning.)
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { tooFewOfConcept, tooFewToPoison } from '../../messages/index.ts';
import { PREPARATION } from '../../models/vectors.ts';
import { discriminant } from '../../stats/discriminant.ts';
import { defineMetric, type ImageSet, type PictureFacts } from '../define.ts';
import { vectorsOf } from './mimicry.ts';
import { mimicFormerNames, mimicParameters, mimicWith } from './parameters.ts';

const poisonParameters = z.strictObject({
  ...mimicParameters,
  concept: z
    .string()
    .min(1)
    .default('mountain')
    .describe('the concept that is poisoned: a word of captions or titles'),
  neighbours: z
    .array(z.string().min(1))
    .min(1)
    .default(['flower', 'tree'])
    .describe('concepts that generated pictures may be taken for, and that poison may bleed into'),
  asked: z
    .enum(['concept', 'neighbours'])
    .default('concept')
    .describe(
      'what is judged: pictures of the concept itself, or of its neighbours, to see the poison bleed through',
    ),
  poisoned: z
    .int()
    .min(0)
    .optional()
    .describe("how many of the concept's pictures are learnt as the arm has them; all of them unless told"),
  heldOut: z
    .int()
    .min(1)
    .max(1000)
    .default(50)
    .describe(
      "how many of each concept's pictures, the last ones, are not learnt but judge what is generated; a classifier of motifs wants some fifty",
    ),
});

type PoisonParameters = z.infer<typeof poisonParameters>;

const shows = ({ caption = '', title = '' }: PictureFacts, concept: string): boolean =>
  `${caption} ${title}`.toLowerCase().includes(concept.toLowerCase());

export const conceptPoison = defineMetric({
  id: 'concept-poison',
  version: 4,
  kind: 'generated',
  measures: 'mimicry',
  trainsOn: 'all',
  label: 'Concept poison',
  summary:
    'Share of pictures of a concept that are taken for another, after k poisoned samples of it were learnt.',
  reference:
    'Shan et al., Nightshade: Prompt-Specific Poisoning Attacks on Text-to-Image Generative Models (IEEE S&P 2024), section 5',
  protocol:
    "concept-poison@4: fine-tuning on the data set's pictures under their captions, k of the concept's as the arm has them, " +
    "prompts 'a painting of a <concept>', draws shared by all arms; 1 where a linear classifier (least squares with a ridge), " +
    `learnt from the held-out clean pictures of the concepts named, takes it for another; ${PREPARATION['image-embedder']}`,
  unit: '',
  higherIsBetter: false,
  binary: true,
  params: poisonParameters,
  formerNames: mimicFormerNames,
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion, 'image-embedder'),
  random: false,
  mimic: (params) => mimicWith(params, promptsOf(params)),
  judged: (index, params) => (params.asked === 'concept') === index < params.imagesPerPrompt,
  split: (pictures, { concept, neighbours, poisoned, heldOut }) => {
    const trainable = (name: string): number[] => {
      const places = pictures.flatMap((picture, place) => (shows(picture, name) ? [place] : []));
      if (places.length <= heldOut) throw tooFewOfConcept(name, places.length, heldOut);
      return places.slice(0, places.length - heldOut);
    };
    const own = trainable(concept);
    if (poisoned !== undefined && poisoned > own.length) throw tooFewToPoison(concept, own.length, poisoned);
    const train = own.slice(0, poisoned);
    const others = neighbours.flatMap(trainable).filter((place) => !own.includes(place));
    return { train, clean: [...new Set([...own.slice(train.length), ...others])] };
  },
  caption: ({ caption, title }) => caption ?? title ?? '',
  judge: async ({ picture, index }, references, params, context) => {
    const names = conceptsOf(params);
    const asked = names[Math.floor(index / params.imagesPerPrompt)]!;
    const classes = new Map<string, Float32Array[]>();
    for (const name of names)
      classes.set(name, await vectorsOf(picturesOf(references, name, params.heldOut), context));
    const [vector] = await vectorsOf([picture], context);
    return Number(discriminant(classes)(vector!) !== asked);
  },
});

/** The concept, then its neighbours: every lesson is asked for all of them, whichever are judged. */
const conceptsOf = ({ concept, neighbours }: PoisonParameters): readonly string[] => [concept, ...neighbours];

const promptsOf = (params: PoisonParameters): string[] =>
  conceptsOf(params).map((name) => `a painting of a ${name}`);

/** What judges a concept: its held-out pictures, unless all of them show another one that is learnt, too. */
function picturesOf(references: ImageSet, concept: string, heldOut: number): ImageSet {
  const found = references.filter((picture) => shows(picture, concept));
  if (found.length === 0) throw tooFewOfConcept(concept, 0, heldOut);
  return found;
}
