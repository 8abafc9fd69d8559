/** @file Whether a classifier labels the image as it labels the clean one: "can still label" in the UMass study. */
import { z } from 'zod';
import { roleNeeds } from '../plugin/define.ts';
import { PREPARATION } from '../models/vectors.ts';
import { defineMetric } from './define.ts';

export const label = defineMetric({
  id: 'label',
  version: 1,
  kind: 'view',
  label: 'Label kept',
  summary:
    "Whether the top class of the clean image is among the image's top classes: 1 or 0, so the mean is a rate.",
  reference: 'UMass study of Mist and Glaze: can a classifier still label the protected picture?',
  protocol: `label@1: argmax of the clean image's logits among the top logits of the image; ${PREPARATION.classifier}`,
  unit: '',
  higherIsBetter: true,
  binary: true,
  smallestEffect: 0.1,
  params: z.strictObject({
    topK: z.int().min(1).max(100).default(1).describe('number of top classes that count as a match'),
  }),
  formerNames: { topK: 'top' },
  needs: () => roleNeeds('classifier'),
  random: false,
  measure: async (image, reference, { topK }, { vectorOf }) => {
    const clean = await vectorOf(reference, 'classifier');
    const logits = await vectorOf(image, 'classifier');
    const first = clean.indexOf(Math.max(...clean));
    const ahead = logits.reduce((count, logit) => count + (logit > logits[first]! ? 1 : 0), 0);
    return ahead < topK ? 1 : 0;
  },
});
