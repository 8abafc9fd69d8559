/**
 * @file The attacker who tries everything: searches chains of attacks on image pairs of the same protection. It keeps the chain
 * that leaves least of the protection in the latents of an encoder, among those that keep clean images above a PSNR.
 *
 * The chain is applied to other images than those it was chosen on. The gain of choosing the best chain for each image in
 * hindsight is reported separately: for the pairs with the result of the search, for a run in the report ("worst for each
 * image"). Its role is that of AutoAttack among adversarial attacks (Croce and Hein, ICML 2020).
 */
import { z } from 'zod';
import { formatChain } from '../../plugin/call.ts';
import { openRole, roleNeeds } from '../../plugin/define.ts';
import { adverseCleaner } from '../filters/adverse-cleaner.ts';
import { applyChain, type ChainLink } from '../chain.ts';
import { searchChain } from '../parts/chain-search.ts';
import { type Attack, defineAttack, trainedIn, trainingParameters } from '../define.ts';
import { gaussianBlur } from '../filters/gaussian-blur.ts';
import { gaussianNoise } from '../filters/gaussian-noise.ts';
import { jpeg } from '../compression/jpeg.ts';
import { median } from '../filters/median.ts';
import { quantize } from '../compression/quantize.ts';
import { rescale } from '../geometry/rescale.ts';
import { tvDenoise } from '../filters/tv-denoise.ts';

const link = (attack: Attack, params: object): ChainLink => ({ attack, params: attack.params.parse(params) });

/** The attacks that chains are made of: all are cheap. New ones are appended, since results store their places. */
const LINKS: readonly ChainLink[] = [
  link(jpeg, { quality: 75 }),
  link(jpeg, { quality: 40 }),
  link(rescale, { scale: 0.5 }),
  link(gaussianBlur, { sigma: 1 }),
  link(median, { size: 3 }),
  link(gaussianNoise, { sigma: 8 }),
  link(quantize, { levels: 16 }),
  link(tvDenoise, { weight: 0.06 }),
  link(adverseCleaner, { bilateral: 24 }),
];

export const autoPurify = defineAttack({
  id: 'auto-purify',
  version: 2,
  label: 'AutoPurify',
  summary: 'Applies the chain of simple attacks that removed most of this protection from other images.',
  reference: 'own search; asked for by reviewers of Hönig et al. (ICLR 2025), after AutoAttack (ICML 2020)',
  params: z.strictObject({
    pairs: z
      .int()
      .min(1)
      .max(1000)
      .default(9)
      .describe(
        'number of clean and protected image pairs to search on; a third of them only select the result',
      ),
    ...trainingParameters,
    links: z.int().min(1).max(3).default(2).describe('largest number of attacks in a chain'),
    beamWidth: z
      .int()
      .min(1)
      .max(9)
      .default(3)
      .describe('beam width: number of best chains of each length that are extended'),
    minPsnr: z
      .number()
      .min(5)
      .max(60)
      .default(25)
      .describe('lowest mean PSNR of attacked clean images, in dB; chains below it are rejected'),
  }),
  formerNames: { beamWidth: 'beam', minPsnr: 'floor' },
  refers: { training: 'pictures' },
  needs: () => roleNeeds('vae-encoder'),
  random: true,
  strength: { parameter: 'minPsnr', harsher: 'lower' },
  training: {
    pairs: ({ pairs }) => pairs,
    train: async (pairs, params, context) => {
      const encoder = await openRole(context, 'vae-encoder');
      const { chain, left, psnr, oracle, untouched, tries } = await searchChain(
        LINKS,
        pairs,
        encoder,
        params,
        context,
      );
      return Float32Array.of(left, psnr, oracle, untouched, tries, ...chain);
    },
    describe: ([left, psnr, oracle, untouched, tries, ...chain]) => {
      const name = formatChain(chain.map((i) => ({ plugin: LINKS[i]!.attack, params: LINKS[i]!.params })));
      return (
        `${name || 'no chain keeps minPsnr'}; of ${tries} tried; left on validation pairs ${left!.toFixed(3)}, ` +
        `without attack ${untouched!.toFixed(3)}, best chain per pair in hindsight ${oracle!.toFixed(3)}; ` +
        `clean images keep ${psnr!.toFixed(1)} dB`
      );
    },
  },
  apply: async (image, _params, context) =>
    applyChain(chainIn(trainedIn(context, 'auto-purify')), image, context),
});

/** The chain in the result of the search, whose numbers come first. */
const chainIn = (trained: Float32Array): ChainLink[] => Array.from(trained.slice(NUMBERS), (i) => LINKS[i]!);

/** Left, PSNR, oracle, untouched, tries. */
const NUMBERS = 5;
