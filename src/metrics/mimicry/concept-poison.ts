/**
 * @file Poison: a model is fine-tuned on images of several concepts; k images of one concept are those of an arm, the rest
 * are clean. Does a prompt for that concept still give it? (Shan et al. 2024, Nightshade, section 5, on a small scale: they
 * poison the training of a large model, this poisons a fine-tuning.)
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
  concept: z.string().min(1).default('mountain').describe('poisoned concept: a word of captions or titles'),
  neighbours: z
    .array(z.string().min(1))
    .min(1)
    .default(['flower', 'tree'])
    .describe('related concepts: the other classes of the classifier, into which the poison may bleed'),
  asked: z
    .enum(['concept', 'neighbours'])
    .default('concept')
    .describe('images to judge: those of the poisoned concept, or those of its neighbours (bleed-through)'),
  poisoned: z
    .int()
    .min(0)
    .optional()
    .describe(
      "number of the concept's training images that are as in the arm; the rest are clean (default: all)",
    ),
  heldOut: z
    .int()
    .min(1)
    .max(1000)
    .default(50)
    .describe(
      'number of held-out images per concept, the last ones: references that are not trained on; the classifier needs about 50',
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
    'Share of generated images of a concept that a classifier takes for another, after training on k poisoned images.',
  reference:
    'Shan et al., Nightshade: Prompt-Specific Poisoning Attacks on Text-to-Image Generative Models (IEEE S&P 2024), section 5',
  protocol:
    "concept-poison@4: fine-tuning on the data set's images under their captions, k of the concept's as in the arm, prompts " +
    "'a painting of a <concept>', the same random numbers in all arms; 1 if a linear classifier (least squares with a ridge), " +
    `trained on the held-out clean images of the concepts, takes it for another; ${PREPARATION['image-embedder']}`,
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

/** The concept, then its neighbours: every mimic is prompted for all of them, whichever are judged. */
const conceptsOf = ({ concept, neighbours }: PoisonParameters): readonly string[] => [concept, ...neighbours];

const promptsOf = (params: PoisonParameters): string[] =>
  conceptsOf(params).map((name) => `a painting of a ${name}`);

/** The references of a concept. @throws DATASET if there are none, since all show another concept that is trained on */
function picturesOf(references: ImageSet, concept: string, heldOut: number): ImageSet {
  const found = references.filter((picture) => shows(picture, concept));
  if (found.length === 0) throw tooFewOfConcept(concept, 0, heldOut);
  return found;
}
