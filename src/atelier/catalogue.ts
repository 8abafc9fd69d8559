/** @file Which paintings the atelier's parameters ask for, and in which order. */
import { z } from 'zod';
import { expected, type Place, unknownName, unknownParameter } from '../messages/index.ts';
import { deriveSeed } from '../random.ts';
import type { Recipe } from './paint.ts';
import { MOTIFS, type MotifId } from './motifs/index.ts';
import { PAINTERS, type PainterId } from './painters/index.ts';

export const PAINTER_IDS = Object.keys(PAINTERS) as [PainterId, ...PainterId[]];
export const MOTIF_IDS = Object.keys(MOTIFS) as [MotifId, ...MotifId[]];

/** One name or a list of them. */
const names = <T extends string>(ids: readonly [T, ...T[]]) =>
  z.union([z.enum(ids), z.array(z.enum(ids)).min(1)]).default([...ids]);

/** What may stand under `atelier:`. */
export const atelierSchema = z.strictObject({
  painters: names(PAINTER_IDS).describe('painters; the images alternate between them'),
  motifs: names(MOTIF_IDS).describe('motifs; the images alternate between them'),
  count: z.int().min(1).max(100_000).default(12).describe('number of images'),
  size: z.int().min(128).max(512).default(256).describe('side of the images in px'),
  seed: z.int().min(0).max(0xffffffff).default(0).describe('random seed'),
});

/** Checked parameters: every default filled in, every name once. */
export interface AtelierParameters {
  readonly painters: readonly PainterId[];
  readonly motifs: readonly MotifId[];
  readonly count: number;
  readonly size: number;
  readonly seed: number;
}

const ACCEPTED: Readonly<Record<keyof AtelierParameters, string>> = {
  painters: 'a painter or a list of painters',
  motifs: 'a motif or a list of motifs',
  count: 'integer between 1 and 100000',
  size: 'integer between 128 and 512',
  seed: 'integer between 0 and 4294967295',
};

/** Parameters with defaults filled in. @throws PARAMETER or UNKNOWN_PLUGIN naming the field and what it takes. */
export function parseAtelier(given: Readonly<Record<string, unknown>>, place?: Place): AtelierParameters {
  for (const name of Object.keys(given)) {
    if (!(name in ACCEPTED)) throw unknownParameter('atelier', name, Object.keys(ACCEPTED), place);
  }
  expectKnown('painter', given.painters, PAINTER_IDS, place);
  expectKnown('motif', given.motifs, MOTIF_IDS, place);
  const parsed = atelierSchema.safeParse(given);
  if (parsed.success) {
    const { painters, motifs, ...rest } = parsed.data;
    return { ...rest, painters: [...new Set([painters].flat())], motifs: [...new Set([motifs].flat())] };
  }
  const field = parsed.error.issues[0]!.path[0] as keyof AtelierParameters;
  throw expected(ACCEPTED[field], `atelier.${field}`, given[field], { place });
}

function expectKnown(what: string, given: unknown, known: readonly string[], place?: Place): void {
  for (const name of [given].flat()) {
    if (typeof name === 'string' && !known.includes(name)) throw unknownName(what, name, known, { place });
  }
}

/**
 * The recipes that parameters ask for. Painters and motifs alternate so that any few pictures in a row differ
 * in both; after `painters x motifs` pictures every pair has been painted once and the next variation begins. The
 * pictures of a smaller `count` are the first of those of a larger one.
 */
export function recipesFor(parameters: AtelierParameters): (Recipe & { readonly variation: number })[] {
  const { painters, motifs } = parameters;
  return Array.from({ length: parameters.count }, (_, k) => {
    const round = Math.floor(k / painters.length);
    const painter = painters[k % painters.length]!;
    const motif = motifs[((k % painters.length) + round) % motifs.length]!;
    const variation = Math.floor(round / motifs.length) + 1;
    const seed = deriveSeed(`${parameters.seed}/${painter}/${motif}/${variation}`);
    return { painter, motif, size: parameters.size, seed, variation };
  });
}
