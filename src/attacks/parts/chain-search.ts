/**
 * @file The search for a chain of attacks that leaves least of a protection: a beam search whose candidates are halved.
 *
 *   for each length: beam width x links candidates, all measured on half of the search pairs, the better half on the rest;
 *   the best of the beam go on. At the end the best of every length are measured on pairs that the search has not seen. These
 *   select the chain, so that its numbers are not those of a lucky best.
 */
import type { Image } from '../../image/image.ts';
import { encoderWindows, latentsOf, type VaeEncoder } from '../../models/latents.ts';
import { imageTensor } from '../../models/pixels.ts';
import type { PluginContext } from '../../plugin/define.ts';
import { mean } from '../../stats/mean.ts';
import { applyChain, type ChainLink } from '../chain.ts';
import type { TrainingPair } from '../define.ts';

export interface SearchOptions {
  /** The largest number of attacks in a chain. */
  readonly links: number;
  /** The number of best chains of each length that are extended by one link. */
  readonly beamWidth: number;
  /** The lowest mean PSNR of attacked clean images, dB. */
  readonly minPsnr: number;
}

/** The result of a search. All numbers are of the validation pairs. */
export interface Found {
  /** The places of its links; empty if no chain keeps the PSNR. */
  readonly chain: readonly number[];
  /** |E(attack(protected)) - E(attack(clean))| / |E(attack(clean))|, mean over pairs. */
  readonly left: number;
  /** PSNR of attack(clean) against clean, mean over pairs, dB. */
  readonly psnr: number;
  /** What is left if the best finalist is chosen for each pair in hindsight. */
  readonly oracle: number;
  /** The same without any attack. */
  readonly untouched: number;
  /** Chains that were tried. */
  readonly tries: number;
}

/** A chain, by the places of its links, and its results on each pair. */
interface Judged {
  readonly chain: readonly number[];
  readonly left: readonly number[];
  readonly psnr: readonly number[];
}

/** Two thirds to search on, the rest to choose by; of one pair alone both are that pair. */
export function splitPairs<T>(pairs: readonly T[]): { search: readonly T[]; validation: readonly T[] } {
  if (pairs.length < 2) return { search: pairs, validation: pairs };
  const kept = Math.min(pairs.length - 1, Math.ceil((2 * pairs.length) / 3));
  return { search: pairs.slice(0, kept), validation: pairs.slice(kept) };
}

/** The chain of links that leaves least in the latents of an encoder. @throws the signal's reason between chains. */
export async function searchChain(
  links: readonly ChainLink[],
  pairs: readonly TrainingPair[],
  encoder: VaeEncoder,
  { links: longest, beamWidth, minPsnr }: SearchOptions,
  context: PluginContext,
): Promise<Found> {
  const { search, validation } = splitPairs(pairs);
  const judgeOn: JudgeOn = (chain, some, first) =>
    judge(chain, links, some, encoder, { ...context, random: context.random.fork(`pairs from ${first}`) });
  /** Those that keep the PSNR, best first. */
  const ranked = (all: readonly Judged[]): Judged[] =>
    all.filter(({ psnr }) => mean(psnr) >= minPsnr).sort((a, b) => mean(a.left) - mean(b.left));

  let kept: readonly (readonly number[])[] = [[]];
  const finalists: (readonly number[])[] = [];
  let tries = 0;
  for (let length = 0; length < longest; length++) {
    const candidates = kept.flatMap((chain) => links.map((_, next) => [...chain, next]));
    const told = (share: number): void => context.onProgress?.((length + share) / (longest + 0.2));
    const best = await halved(candidates, search, beamWidth, { judgeOn, ranked, told });
    kept = best.slice(0, beamWidth).map(({ chain }) => chain);
    finalists.push(...kept);
    tries += candidates.length;
  }
  const untouched = await judgeOn([], validation, search.length);
  const judged: Judged[] = [];
  for (const chain of finalists) judged.push(await judgeOn(chain, validation, search.length));
  return { ...chosenOf(ranked(judged), untouched), tries };
}

/** Judges a chain on pairs, the first of which is the `first` of all. */
type JudgeOn = (chain: readonly number[], some: readonly TrainingPair[], first: number) => Promise<Judged>;

/** The better half of the candidates on half of the pairs, and no fewer than `least`, ranked by all pairs. */
async function halved(
  candidates: readonly (readonly number[])[],
  pairs: readonly TrainingPair[],
  least: number,
  {
    judgeOn,
    ranked,
    told,
  }: { judgeOn: JudgeOn; ranked: (all: readonly Judged[]) => Judged[]; told: (share: number) => void },
): Promise<Judged[]> {
  const half = Math.ceil(pairs.length / 2);
  const first: Judged[] = [];
  for (const [i, chain] of candidates.entries()) {
    first.push(await judgeOn(chain, pairs.slice(0, half), 0));
    told((0.7 * (i + 1)) / candidates.length);
  }
  const better = ranked(first);
  const second: Judged[] = [];
  for (const { chain, left, psnr } of better.slice(0, Math.max(least, Math.ceil(better.length / 2)))) {
    const rest = await judgeOn(chain, pairs.slice(half), half);
    second.push({ chain, left: [...left, ...rest.left], psnr: [...psnr, ...rest.psnr] });
  }
  return ranked(second);
}

function chosenOf(finalists: readonly Judged[], untouched: Judged): Omit<Found, 'tries'> {
  const best = finalists[0] ?? untouched;
  const all = finalists.length > 0 ? finalists : [untouched];
  return {
    chain: best.chain,
    left: mean(best.left),
    psnr: mean(best.psnr),
    oracle: mean(untouched.left.map((_, pair) => Math.min(...all.map(({ left }) => left[pair]!)))),
    untouched: mean(untouched.left),
  };
}

async function judge(
  chain: readonly number[],
  all: readonly ChainLink[],
  pairs: readonly TrainingPair[],
  encoder: VaeEncoder,
  { random, signal }: PluginContext,
): Promise<Judged> {
  const links = chain.map((i) => all[i]!);
  const judged = { chain, left: [] as number[], psnr: [] as number[] };
  for (const [i, pair] of pairs.entries()) {
    signal?.throwIfAborted();
    // Both meet the same draws, as the arms of a cell do.
    const attacked = (image: Image): Promise<Image> =>
      applyChain(links, image, { random: random.fork(`pair ${i}`), ...(signal && { signal }) });
    const [clean, guarded] = [await attacked(pair.clean), await attacked(pair.protected)];
    judged.left.push(await latentDistance(encoder, guarded, clean));
    judged.psnr.push(Math.min(100, signalToNoise(clean, pair.clean)));
  }
  return judged;
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
