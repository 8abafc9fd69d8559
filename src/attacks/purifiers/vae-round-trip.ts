/**
 * @file Encoding and decoding by an autoencoder: what its latents cannot represent is lost, and with it much of a
 * perturbation. The "VAE loop" of deglazer repeats it. Windows of an image are blended; the program squashes to one size.
 */
import { z } from 'zod';
import type { Image } from '../../image/image.ts';
import { windowsOf } from '../../image/windows.ts';
import { noGraph, noMoments } from '../../messages/index.ts';
import { CELL } from '../../models/latents.ts';
import type { RoleModel } from '../../models/open.ts';
import { LATENT_SPREAD } from '../../models/standard.ts';
import { embed } from '../../onnx/transforms/embed.ts';
import type { Value } from '../../onnx/operators.ts';
import { type NamedTensors, type TensorOf, tensor } from '../../onnx/tensor.ts';
import { openRole, type PluginContext, roleNeeds } from '../../plugin/define.ts';
import { type GraphPicture, type GraphScope, type Network, rounded } from '../../plugin/transformation.ts';
import type { Random } from '../../random.ts';
import { defineAttack } from '../define.ts';
import { throughNetworkGraph } from '../graph/network.ts';
import { throughNetwork, type Windowing, windowOptions, windowParameters } from '../parts/network.ts';

export const vaeRoundTrip = defineAttack({
  id: 'vae-round-trip',
  version: 1,
  label: 'VAE round trip',
  summary: 'Encodes the image by an autoencoder and decodes it, once or repeatedly.',
  reference: 'yoinked-h, deglazer (2023), vaeloop; the regeneration attack of WAVES (An et al., ICML 2024)',
  params: z.strictObject({
    repeats: z.int().min(1).max(100).default(1).describe('number of repetitions'),
    latent: z
      .enum(['mean', 'sampled'])
      .default('mean')
      .describe("latent to use: the mean of the encoder's distribution, or a sample from it"),
    ...windowParameters(512),
  }),
  formerNames: { repeats: 'times' },
  needs: () => roleNeeds('vae-encoder', 'vae-decoder'),
  random: true,
  strength: { parameter: 'repeats', harsher: 'higher' },
  apply: async (image, { repeats, ...params }, context) => {
    let now = image;
    for (let i = 0; i < repeats; i++) {
      now = await roundTrip(now, params, context);
      context.onProgress?.((i + 1) / repeats);
    }
    return now;
  },
  graph: (picture, params, scope) => ({
    ...picture,
    value: rounded(scope.g, roundTripGraph(scope, picture, params)),
  }),
});

/** The options of a round trip. */
interface RoundTrip {
  readonly latent: 'mean' | 'sampled';
  readonly window: number;
  readonly overlap: number;
}

/** One round trip, in windows. */
export async function roundTrip(
  image: Image,
  { latent, ...windows }: RoundTrip,
  context: PluginContext,
): Promise<Image> {
  const encoder = await openRole(context, 'vae-encoder');
  const decoder = await openRole(context, 'vae-decoder');
  return throughNetwork(image, windowingFor(encoder, windows), context, async (part) => {
    const drawn = await latentsOf(encoder, part, latent === 'sampled' ? context.random : undefined);
    return (await decoder.run({ latent: drawn })).image;
  });
}

const windowingFor = (
  { model: { fill } }: Network,
  { window, overlap }: Omit<RoundTrip, 'latent'>,
): Windowing => ({ window, overlap, multiple: fill.multiple ?? CELL, size: fill.size });

/** Consecutive round trips, clipped to 0..1 and not rounded. */
export function roundTripGraph(
  scope: GraphScope,
  picture: GraphPicture,
  { repeats = 1, latent, ...windows }: RoundTrip & { readonly repeats?: number },
): Value {
  const { g } = scope;
  const [encoder, decoder] = [scope.network('vae-encoder'), scope.network('vae-decoder')];
  const windowing = windowingFor(encoder, windows);
  const count = windowsOf(picture, windowOptions(windowing)).length;
  const draw = latent === 'sampled' ? latentDraws(scope, encoder, repeats * count) : undefined;
  let { value } = picture;
  for (let trip = 0; trip < repeats; trip++) {
    value = throughNetworkGraph(scope, { ...picture, value }, windowing, (image, _size, index) => {
      const { latent: mean, [LATENT_SPREAD]: spread } = embed(g, encoder.graph, { image });
      const drawn = draw === undefined ? mean! : draw(mean!, spread!, trip * count + index);
      return embed(g, decoder.graph, { latent: drawn }).image!;
    });
  }
  return value;
}

/**
 * Sample i of `count` from latents with a mean and a standard deviation. All samples are one input, because they come from
 * one random stream. @throws MODEL if the encoder gives no moments, USAGE if its graph does not determine the size of latents
 */
function latentDraws(
  { g, draw }: GraphScope,
  { model, graph }: Network,
  count: number,
): (mean: Value, spread: Value, index: number) => Value {
  const call = 'vae-round-trip(latent=sampled)';
  if (!graph.graph.outputs.some(({ name }) => name === LATENT_SPREAD)) throw noMoments(model.id, call);
  let normals: Value | undefined;
  return (mean, spread, index) => {
    const dims = g.typeOf(mean).shape?.slice(1) ?? [];
    if (dims.length !== 3 || !dims.every((dim) => typeof dim === 'number')) throw noGraph(call);
    const length = dims.reduce((a, b) => a * b) * count;
    normals ??= draw('latent noise', [count, ...dims], (random) =>
      Float32Array.from({ length }, () => random.normal()),
    );
    const own = g.Squeeze(g.Slice(normals, [index], [index + 1], [1]), [1]);
    return g.Add(mean, g.Mul(spread, own));
  };
}

type Floats = TensorOf<'float32'>;

/** The mean, or with `random` a sample. @throws MODEL if the encoder gives no moments to sample from */
async function latentsOf(
  encoder: RoleModel<'vae-encoder'>,
  image: Floats,
  random: Random | undefined,
): Promise<Floats> {
  const outputs: NamedTensors & { readonly latent: Floats } = await encoder.run({ image });
  if (random === undefined) return outputs.latent;
  const spread = outputs[LATENT_SPREAD] as Floats | undefined;
  if (spread === undefined) throw noMoments(encoder.model.id, 'vae-round-trip(latent=sampled)');
  const { dims, data } = outputs.latent;
  return tensor(
    'float32',
    dims,
    data.map((mean, i) => mean + spread.data[i]! * random.normal()),
  );
}
