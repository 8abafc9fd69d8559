/** @file Chains beside their graphs. */
import { applyChain, type ChainLink } from '../../src/attacks/chain.ts';
import { chainGraph } from '../../src/attacks/graph/chain.ts';
import { attacks } from '../../src/attacks/index.ts';
import { fromBytes, type Image, type Size, toBytes } from '../../src/image/image.ts';
import type { RoleModels } from '../../src/models/pool.ts';
import { parseChain } from '../../src/plugin/call.ts';
import { resolveCall } from '../plugin/resolve-call.ts';
import { runTransformation } from '../../src/plugin/transformation.ts';
import { seededRandom } from '../../src/random.ts';
import { openSession } from '../../src/runtime/session.ts';

/** The links of a chain, with all their parameters and the models that play their roles. */
export const linksOf = (text: string, models?: RoleModels): ChainLink[] =>
  parseChain(text).map((call) => {
    const { plugin, params } = resolveCall('attack', attacks, call);
    return { attack: plugin, params, ...(models && { models }) };
  });

/** Waves, an edge and some noise: smooth parts, where filters work, and parts that saturate. */
export const picture = ({ width, height }: Size): Image => {
  const random = seededRandom(5);
  return fromBytes(
    width,
    height,
    Uint8ClampedArray.from({ length: width * height * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % width;
      const y = Math.floor(i / 3 / width);
      const wave = 120 + 90 * Math.sin(x / 6 + (i % 3)) * Math.cos(y / 9);
      return wave + (x > y ? 70 : 0) + 6 * random.normal();
    }),
  );
};

/** How far the graph of a chain is from the chain itself, in grey levels, under one seed. */
export async function compared(
  links: readonly ChainLink[],
  size: Size,
): Promise<{ max: number; mean: number }> {
  const image = picture(size);
  const applied = toBytes(await applyChain(links, image, { random: seededRandom(11) }));
  const made = await chainGraph(links, size);
  const session = await openSession(made.model);
  try {
    const run = toBytes(await runTransformation(session, made, image, seededRandom(11)));
    if (run.length !== applied.length) throw new Error(`${run.length} values, not ${applied.length}`);
    const off = run.map((value, i) => Math.abs(value - applied[i]!));
    return { max: Math.max(...off), mean: off.reduce((a, b) => a + b, 0) / off.length };
  } finally {
    await session.close();
  }
}
