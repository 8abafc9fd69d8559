/** @file Does a classifier still name the picture as it named the clean one? The study's "can still label". */
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
    "Is the clean picture's first label among the picture's first labels? 1 or 0, so that the mean is a rate.",
  reference: 'UMass study of Mist and Glaze: can a classifier still label the protected picture?',
  protocol: `label@1: argmax of the clean picture's logits among the top ones of the picture's; ${PREPARATION.classifier}`,
  unit: '',
  higherIsBetter: true,
  binary: true,
  params: z.strictObject({
    top: z.int().min(1).max(100).default(1).describe('how many of the first labels count'),
  }),
  needs: () => roleNeeds('classifier'),
  random: false,
  measure: async (image, reference, { top }, { vectorOf }) => {
    const clean = await vectorOf(reference, 'classifier');
    const logits = await vectorOf(image, 'classifier');
    const first = clean.indexOf(Math.max(...clean));
    const ahead = logits.reduce((count, logit) => count + (logit > logits[first]! ? 1 : 0), 0);
    return ahead < top ? 1 : 0;
  },
});
