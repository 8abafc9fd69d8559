/**
 * @file Encode and decode by an autoencoder: what its latents cannot hold is gone, and with it much of what was never meant
 * to be seen. The "VAE loop" of deglazer repeats it. Windows of a picture are blended; the program squashes to one size.
 */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { noMoments } from '../messages.ts';
import type { RoleModel } from '../models/open.ts';
import { LATENT_SPREAD } from '../models/standard.ts';
import { type NamedTensors, type TensorOf, tensor } from '../onnx/tensor.ts';
import { openRole, type PluginContext } from '../plugin/define.ts';
import type { Random } from '../random.ts';
import { defineAttack } from './define.ts';
import { throughNetwork, windowParameters } from './network.ts';

export const vaeRoundTrip = defineAttack({
  id: 'vae-round-trip',
  version: 1,
  label: 'VAE round trip',
  summary: 'Encodes to the latents of an autoencoder and decodes again, as often as told.',
  reference: 'yoinked-h, deglazer (2023), vaeloop; the regeneration attack of WAVES (An et al., ICML 2024)',
  params: z.strictObject({
    times: z.int().min(1).max(100).default(1).describe('round trips'),
    latent: z
      .enum(['mean', 'sampled'])
      .default('mean')
      .describe('what is decoded: the mean of the latent distribution, or a draw from it'),
    ...windowParameters(512),
  }),
  needs: ['vae-encoder', 'vae-decoder'],
  random: true,
  strength: { parameter: 'times', harsher: 'higher' },
  apply: async (image, { times, ...params }, context) => {
    let now = image;
    for (let i = 0; i < times; i++) {
      now = await roundTrip(now, params, context);
      context.onProgress?.((i + 1) / times);
    }
    return now;
  },
});

/** One round trip, in windows. */
export async function roundTrip(
  image: Image,
  { latent, window, overlap }: { latent: 'mean' | 'sampled'; window: number; overlap: number },
  context: PluginContext,
): Promise<Image> {
  const encoder = await openRole(context, 'vae-encoder');
  const decoder = await openRole(context, 'vae-decoder');
  const { multiple = 8, size } = encoder.model.fill;
  return throughNetwork(image, { window, overlap, multiple, size }, context, async (part) => {
    const drawn = await latentsOf(encoder, part, latent === 'sampled' ? context.random : undefined);
    return (await decoder.run({ latent: drawn })).image;
  });
}

type Floats = TensorOf<'float32'>;

/** The mean, or with `random` a draw. @throws MODEL where the encoder gives no moments to draw from. */
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
