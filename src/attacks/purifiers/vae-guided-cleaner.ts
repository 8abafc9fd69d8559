/**
 * @file AdverseCleaner whose guided filters are guided by the image after a VAE round trip (`glaze2` of deglazer). It answers
 * the warning of AdverseCleaner's author that a protected guide brings the protection back.
 */
import { z } from 'zod';
import { roleNeeds } from '../../plugin/define.ts';
import { bilateral } from '../../image/filters/bilateral.ts';
import { guidedBy } from '../../image/filters/guided.ts';
import { fromGreyLevels, toGreyLevels } from '../../image/image.ts';
import { rounded, truncated } from '../../plugin/transformation.ts';
import { adverseCleaner } from '../filters/adverse-cleaner.ts';
import { defineAttack } from '../define.ts';
import { bilateralGraph } from '../graph/bilateral.ts';
import { guidedGraph } from '../graph/guided.ts';
import { windowParameters } from '../parts/network.ts';
import { roundTrip, roundTripGraph } from './vae-round-trip.ts';

const { guided: _, ...cleanerParameters } = adverseCleaner.params.shape;

export const vaeGuidedCleaner = defineAttack({
  id: 'vae-guided-cleaner',
  version: 2,
  label: 'AdverseCleaner, VAE-guided',
  summary: "Runs AdverseCleaner's filters, guided by the image after a round trip through an autoencoder.",
  reference: 'yoinked-h, deglazer (2023), glaze2; lllyasviel, AdverseCleaner (2023)',
  params: z.strictObject({ ...cleanerParameters, ...windowParameters(512) }),
  needs: () => roleNeeds('vae-encoder', 'vae-decoder'),
  random: false,
  strength: { parameter: 'bilateral', harsher: 'higher' },
  apply: async (image, params, context) => {
    const passes = params.bilateral + params.guidedCount;
    const onPass = (pass: number) => {
      context.signal?.throwIfAborted();
      context.onProgress?.(pass / passes);
    };
    const guide = toGreyLevels(await roundTrip(image, { ...params, latent: 'mean' }, context));
    const filter = guidedBy(guide, image, params);
    let values = bilateral(toGreyLevels(image), image, { ...params, iterations: params.bilateral }, onPass);
    for (let i = 1; i <= params.guidedCount; i++) {
      values = filter(values);
      onPass(params.bilateral + i);
    }
    return fromGreyLevels(image, values.map(Math.trunc));
  },
  graph: (picture, params, scope) => {
    const guide = rounded(scope.g, roundTripGraph(scope, picture, { ...params, latent: 'mean' }));
    const filter = guidedGraph(scope, { ...picture, value: guide }, params);
    let value = bilateralGraph(scope, picture, { ...params, iterations: params.bilateral });
    for (let i = 0; i < params.guidedCount; i++) value = filter(value);
    return { ...picture, value: truncated(scope.g, value) };
  },
});
