/**
 * @file The attacker who tries everything: searches chains of attacks on pairs of the same protection, and keeps the one
 * that leaves least of it in the latents of an encoder, among those that spoil clean pictures no more than a floor allows.
 *
 * The chain is chosen on other pictures than those it is applied to, so that its numbers are not those of a lucky best. What
 * the best chain of each picture would give in hindsight stands in the report ("worst for each image"). The role is that
 * of AutoAttack among adversarial attacks (Croce and Hein, ICML 2020).
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { encoderWindows, latentsOf, type VaeEncoder } from '../models/latents.ts';
import { imageTensor } from '../models/pixels.ts';
import { openRole, type PluginContext } from '../plugin/define.ts';
import { adverseCleaner } from './adverse-cleaner.ts';
import { applyChain, type ChainLink } from './chain.ts';
import { type Attack, defineAttack, learnedIn, type TrainingPair, trainingParameters } from './define.ts';
import { gaussianBlur } from './gaussian-blur.ts';
import { gaussianNoise } from './gaussian-noise.ts';
import { jpeg } from './jpeg.ts';
import { median } from './median.ts';
import { quantize } from './quantize.ts';
import { rescale } from './rescale.ts';
import { tvDenoise } from './tv-denoise.ts';

const link = (attack: Attack, params: object): ChainLink => ({ attack, params: attack.params.parse(params) });

/** What chains are made of: attacks that cost next to nothing. Whatever is added goes to the end. */
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
  version: 1,
  label: 'AutoPurify',
  summary: 'Applies the chain of simple attacks that removed most of this protection from other pictures.',
  reference: 'own search; asked for by reviewers of Hönig et al. (ICLR 2025), after AutoAttack (ICML 2020)',
  params: z.strictObject({
    pairs: z
      .int()
      .min(1)
      .max(1000)
      .default(6)
      .describe('clean and protected pictures that chains are judged by'),
    ...trainingParameters,
    links: z.int().min(1).max(3).default(2).describe('attacks in a chain at most'),
    beam: z
      .int()
      .min(1)
      .max(9)
      .default(3)
      .describe('best chains of each length that are tried with one more link'),
    floor: z
      .number()
      .min(5)
      .max(60)
      .default(25)
      .describe('PSNR that clean pictures keep on average, in dB; chains below it are not chosen'),
  }),
  refers: { training: 'pictures' },
  needs: ['vae-encoder'],
  random: true,
  strength: { parameter: 'floor', harsher: 'lower' },
  learns: {
    pairs: ({ pairs }) => pairs,
    learn: async (pairs, { links, beam, floor }, context) => {
      const encoder = await openRole(context, 'vae-encoder');
      let kept: Judged[] = [{ chain: [], left: Number.POSITIVE_INFINITY, psnr: Number.POSITIVE_INFINITY }];
      let best = kept[0]!;
      for (let length = 1; length <= links; length++) {
        const judged: Judged[] = [];
        for (const { chain } of kept) {
          for (const next of LINKS.keys()) {
            judged.push(await judge([...chain, next], pairs, encoder, context));
          }
        }
        kept = judged
          .filter(({ psnr }) => psnr >= floor)
          .sort((a, b) => a.left - b.left)
          .slice(0, beam);
        if (kept[0] !== undefined && kept[0].left < best.left) best = kept[0];
        context.onProgress?.(length / links);
      }
      return Float32Array.from(best.chain);
    },
  },
  apply: async (image, _params, context) =>
    applyChain(
      Array.from(learnedIn(context, 'auto-purify'), (i) => LINKS[i]!),
      image,
      context,
    ),
});

/** A chain, by the places of its links, and how it did. */
interface Judged {
  readonly chain: readonly number[];
  /** |E(attack(protected)) - E(attack(clean))| / |E(attack(clean))|, mean over pairs. */
  readonly left: number;
  /** Of attack(clean) against clean, mean over pairs, dB. */
  readonly psnr: number;
}

async function judge(
  chain: readonly number[],
  pairs: readonly TrainingPair[],
  encoder: VaeEncoder,
  { random, signal }: PluginContext,
): Promise<Judged> {
  const links = chain.map((i) => LINKS[i]!);
  let [left, psnr] = [0, 0];
  for (const [i, pair] of pairs.entries()) {
    signal?.throwIfAborted();
    // Both meet the same draws, as the arms of a cell do.
    const attacked = (image: Image): Promise<Image> =>
      applyChain(links, image, { random: random.fork(`pair ${i}`), ...(signal && { signal }) });
    const [clean, guarded] = [await attacked(pair.clean), await attacked(pair.protected)];
    left += (await latentDistance(encoder, guarded, clean)) / pairs.length;
    psnr += Math.min(100, signalToNoise(clean, pair.clean)) / pairs.length;
  }
  return { chain, left, psnr };
}

async function latentDistance(encoder: VaeEncoder, image: Image, from: Image): Promise<number> {
  const windows = encoderWindows(encoder, from, { side: 512, overlap: 64 });
  const [a, b] = [
    await latentsOf(encoder, imageTensor(image).data, from, windows),
    await latentsOf(encoder, imageTensor(from).data, from, windows),
  ];
  let [moved, size] = [0, 0];
  for (const [k, { data }] of b.entries()) {
    const other = a[k]!.data;
    for (let i = 0; i < data.length; i++) {
      moved += (other[i]! - data[i]!) ** 2;
      size += data[i]! ** 2;
    }
  }
  return Math.sqrt(moved / size);
}

function signalToNoise(a: Image, b: Image): number {
  const squares = a.data.reduce((sum, value, i) => sum + (value - b.data[i]!) ** 2, 0);
  return -10 * Math.log10(squares / a.data.length);
}
