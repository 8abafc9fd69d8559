/**
 * @file GrIDPure in the latents of a latent diffusion model: many gentle purifications of overlapping tiles.
 *
 *   repeat: x <- gamma x + (1 - gamma) mean over tiles of the tile purified by DDPM from the timestep
 *
 * Tiles have half the side of the window and lie half a tile apart. One more tile is made of the four corners. A proxy for the
 * same reason as `latent-diffpure-proxy`: the published network works on pixels. The image is encoded once and decoded once,
 * not at each repetition.
 */
import { z } from 'zod';
import { ROLE_GROUPS } from '../../models/roles.ts';
import { roleNeeds } from '../../plugin/define.ts';
import { purifyLatents } from '../../diffusion/generate.ts';
import { type TensorOf, tensor } from '../../onnx/tensor.ts';
import { defineAttack } from '../define.ts';
import {
  modelWindowParameters,
  promptFormerNames,
  promptParameters,
  throughLatents,
} from '../parts/diffusion.ts';
import { contextOfPart } from '../parts/network.ts';

export const latentGridPureProxy = defineAttack({
  id: 'latent-grid-pure-proxy',
  version: 1,
  label: 'GrIDPure in latents (proxy)',
  summary:
    'Purifies overlapping tiles of the latents gently, blends them with the previous latents, and repeats.',
  reference: 'After Zhao et al., GrIDPure (CVPR 2024): t 10, 20 repetitions, gamma 0.1',
  params: z.strictObject({
    timestep: z.int().min(1).max(1000).default(10).describe('timestep up to which noise is added, of 1000'),
    steps: z
      .int()
      .min(1)
      .max(1000)
      .default(2)
      .describe('number of denoising steps; as many as timestep: every step of DDPM, as published'),
    repeats: z.int().min(1).max(100).default(20).describe('number of repetitions'),
    gamma: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('share of the previous latents that each repetition keeps'),
    ...promptParameters(7.5),
    ...modelWindowParameters,
  }),
  formerNames: { timestep: 't', repeats: 'times', ...promptFormerNames },
  needs: () => roleNeeds(...ROLE_GROUPS.diffusion),
  random: true,
  strength: { parameter: 'repeats', harsher: 'higher' },
  apply: (image, { timestep, steps, repeats, gamma, ...prompting }, context) =>
    throughLatents(image, prompting, context, async (diffusion, latents, options) => {
      const tiles = tilesOf(latents.dims, diffusion.multiple / diffusion.cell);
      const randoms = tiles.map((_, i) => options.randoms[0]!.fork(`tile ${i}`));
      let now = latents;
      for (let i = 0; i < repeats; i++) {
        const cut = cutTiles(now, tiles);
        now = blended(
          now,
          tiles,
          await purifyLatents(diffusion, cut, {
            ...contextOfPart(options, i, repeats),
            randoms,
            t: timestep,
            steps,
          }),
          gamma,
        );
      }
      return now;
    }),
});

type Floats = TensorOf<'float32'>;

/** A tile: the index of the latent cell at each of its places. All tiles have the same sides. */
interface Tile {
  readonly cells: Int32Array;
  readonly height: number;
  readonly width: number;
}

/** Tiles over a latent [n, c, h, w] whose sides are multiples of `multiple` cells. */
function tilesOf([, , h, w]: readonly number[], multiple: number): readonly Tile[] {
  const half = (side: number): number => Math.max(multiple, Math.ceil(side / 2 / multiple) * multiple);
  const [height, width] = [half(h!), half(w!)];
  const tile = (row: (y: number) => number, column: (x: number) => number): Tile => {
    const cells = new Int32Array(height * width);
    for (let i = 0; i < cells.length; i++) {
      cells[i] = row(Math.floor(i / width)) * w! + column(i % width);
    }
    return { cells, height, width };
  };
  const inside = startsOf(h!, height).flatMap((top) =>
    startsOf(w!, width).map((left) =>
      tile(
        (y) => top + y,
        (x) => left + x,
      ),
    ),
  );
  const corner = (at: number, size: number, side: number): number => (at < size / 2 ? at : side - size + at);
  return [
    ...inside,
    tile(
      (y) => corner(y, height, h!),
      (x) => corner(x, width, w!),
    ),
  ];
}

/** Starts half a tile apart, and one for a tile that ends at the end of the side. */
function startsOf(side: number, size: number): number[] {
  const starts: number[] = [];
  for (let start = 0; start < side - size; start += Math.ceil(size / 2)) starts.push(start);
  return [...starts, side - size];
}

/** The tiles of a latent [1, c, h, w] as a batch. */
function cutTiles({ dims: [, c, h, w], data }: Floats, tiles: readonly Tile[]): Floats {
  const { height, width } = tiles[0]!;
  const area = height * width;
  const cut = new Float32Array(tiles.length * c! * area);
  for (const [n, { cells }] of tiles.entries()) {
    for (let channel = 0; channel < c!; channel++) {
      const to = (n * c! + channel) * area;
      for (let i = 0; i < area; i++) cut[to + i] = data[channel * h! * w! + cells[i]!]!;
    }
  }
  return tensor('float32', [tiles.length, c!, height, width], cut);
}

/** gamma times the latent plus (1 - gamma) times the mean over the tiles at each cell. */
function blended(latent: Floats, tiles: readonly Tile[], purified: Floats, gamma: number): Floats {
  const [, c, h, w] = latent.dims as [number, number, number, number];
  const [sum, count] = [new Float64Array(latent.data.length), new Float64Array(h * w)];
  const area = tiles[0]!.cells.length;
  for (const [n, { cells }] of tiles.entries()) {
    for (let i = 0; i < area; i++) {
      count[cells[i]!]! += 1;
      for (let channel = 0; channel < c; channel++) {
        sum[channel * h * w + cells[i]!]! += purified.data[(n * c + channel) * area + i]!;
      }
    }
  }
  const data = latent.data.map((old, i) => gamma * old + ((1 - gamma) * sum[i]!) / count[i % (h * w)]!);
  return tensor('float32', latent.dims, data);
}
