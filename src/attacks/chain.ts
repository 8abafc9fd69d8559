/** @file Attacks applied one after the other: `jpeg(quality=75) | rescale(scale=0.5)`. */
import type { Image } from '../image/image.ts';
import type { RoleModels } from '../models/pool.ts';
import type { PluginContext } from '../plugin/define.ts';
import type { GivenParameters } from '../plugin/parameters.ts';
import type { Attack } from './define.ts';

/** One attack of a chain, with all its parameters. */
export interface ChainLink {
  readonly attack: Attack;
  readonly params: GivenParameters;
  /** The models in the roles that this attack needs. */
  readonly models?: RoleModels;
  /** The result of its training, if it is trained. */
  readonly trained?: Float32Array;
}

/**
 * The image after all links, from left to right. Each link has its own random stream, named by its position, so that the
 * random numbers of one do not depend on those of another.
 */
export async function applyChain(
  links: readonly ChainLink[],
  image: Image,
  context: PluginContext,
): Promise<Image> {
  for (const [index, { attack, params, models, trained }] of links.entries()) {
    context.signal?.throwIfAborted();
    const own = { ...context, ...(models && { models }), ...(trained && { trained }) };
    image = await attack.apply(image, params, linkContext(own, index, links.length));
  }
  return image;
}

function linkContext(context: PluginContext, index: number, count: number): PluginContext {
  const { random, onProgress } = context;
  return {
    ...context,
    random: random.fork(`link ${index}`),
    ...(onProgress && { onProgress: (fraction) => onProgress((index + fraction) / count) }),
  };
}
