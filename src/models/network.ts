/** @file Networks that play roles from their published files: which class plays which, and the graph that it gives. */
import { basename } from 'node:path';
import { unfitNetwork, unknownNetwork } from '../messages/index.ts';
import { autoencoderKlDecoder, autoencoderKlEncoder } from '../networks/autoencoder-kl.ts';
import { autoencoderTinyDecoder, autoencoderTinyEncoder } from '../networks/autoencoder-tiny.ts';
import { clipTextModel } from '../networks/clip-text-model.ts';
import { clipVisionModel } from '../networks/clip-vision-model.ts';
import { configAmong } from '../networks/component.ts';
import { type Config, readConfigFile } from '../networks/config.ts';
import { inceptionV3 } from '../networks/inception-v3.ts';
import { autoencoderOf, type Part, textEncoderOf, unetOf } from '../networks/latent-diffusion.ts';
import { lpips } from '../networks/lpips.ts';
import { unet2dConditionModel } from '../networks/unet-2d-condition.ts';
import { isCheckpoint, openCheckpoints } from '../networks/weights/checkpoint.ts';
import type { Weights } from '../networks/weights/weights.ts';
import type { Model } from '../onnx/model.ts';
import type { ModelRole } from './roles.ts';

/** A network's graph from its configuration, the path of that for messages, and its checkpoint. */
type Build = (config: Config, path: string, weights: Weights) => Model;

/** The classes by their published names, and the roles that each plays. */
const PLAYERS: Readonly<Record<string, { readonly [R in ModelRole]?: Build }>> = {
  AutoencoderKL: { 'vae-encoder': autoencoderKlEncoder, 'vae-decoder': autoencoderKlDecoder },
  AutoencoderTiny: { 'vae-encoder': autoencoderTinyEncoder, 'vae-decoder': autoencoderTinyDecoder },
  CLIPTextModel: { 'text-encoder': clipTextModel },
  CLIPTextModelWithProjection: {
    'text-encoder': clipTextModel,
    'text-embedder': (...given) => clipTextModel(...given, { projection: true }),
  },
  CLIPVisionModelWithProjection: { 'image-embedder': clipVisionModel },
  InceptionV3: { 'fid-features': inceptionV3 },
  LPIPS: { perceptual: lpips },
  LatentDiffusion: {
    'vae-encoder': (_, path, whole) => ofPart(autoencoderOf(whole), path, autoencoderKlEncoder),
    'vae-decoder': (_, path, whole) => ofPart(autoencoderOf(whole), path, autoencoderKlDecoder),
    unet: (_, path, whole) => ofPart(unetOf(whole), path, unet2dConditionModel),
    'text-encoder': (_, path, whole) => ofPart(textEncoderOf(whole), path, clipTextModel),
  },
  UNet2DConditionModel: { unet: unet2dConditionModel },
};

/** A network out of a file that holds several. */
function ofPart({ config, weights }: Part, path: string, build: Build): Model {
  return build(config, path, weights);
}

/** Checks that a class plays a role. @throws MODEL that says which classes are known, or which roles it plays */
export function assertPlays(path: string, network: string, role: ModelRole): void {
  const roles = PLAYERS[network];
  if (roles === undefined) throw unknownNetwork(path, network, Object.keys(PLAYERS));
  if (roles[role] === undefined) throw unfitNetwork(path, network, role, Object.keys(roles));
}

/**
 * The graph of a network in a role from its files, the checkpoint first.
 * @throws MODEL if checkpoint and configuration do not fit each other or the role
 */
export async function readNetwork(
  network: string,
  role: ModelRole,
  paths: readonly string[],
): Promise<Model> {
  const [checkpoint] = paths as [string];
  const path = configAmong(paths);
  assertPlays(path ?? checkpoint, network, role);
  const config = path === undefined ? {} : await readConfigFile(path);
  const build = PLAYERS[network]![role]!;
  return build(config, path ?? basename(checkpoint), await openCheckpoints(paths.filter(isCheckpoint)));
}
