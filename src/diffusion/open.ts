/**
 * @file A latent diffusion model made ready: prompts to embeddings, images to latents and back, and the U-Net's
 * prediction. Its four networks are opened when first asked for, each once.
 */
import { mismatchedText, unknownConditions } from '../messages/index.ts';
import type { RoleModel } from '../models/open.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import { type ModelRole, ROLES } from '../models/roles.ts';
import { type NamedTensors, type TensorOf, tensor } from '../onnx/tensor.ts';
import type { Prediction } from './prediction.ts';
import { type NoiseSchedule, noiseSchedule } from './schedule.ts';
import { openTokenizer, type Tokenizer } from './tokenizer.ts';

type Floats = TensorOf<'float32'>;

/** The model in a role; `openRole` of a plug-in's context. */
export type OpenRole = <R extends ModelRole>(role: R) => Promise<RoleModel<R>>;

/**
 * A latent diffusion model. Plain functions: fine-tuning puts a `predict` with its own weights into a copy,
 * `{ ...diffusion, predict }`.
 */
export interface Diffusion {
  /** The U-Net's id, for messages and labels. */
  readonly id: string;
  readonly schedule: NoiseSchedule;
  readonly prediction: Prediction;
  /** The side of the images that the U-Net was trained on, px. */
  readonly side: number;
  /** Channels of a latent. */
  readonly channels: number;
  /** Pixels along a latent cell. */
  readonly cell: number;
  /** Sides of images have to be multiples of this, px: a cell, doubled as often as the U-Net halves. */
  readonly multiple: number;
  tokenizer(): Promise<Tokenizer>;
  /** Prompts [n] to text embeddings [n, tokens, d]; each prompt is encoded once. */
  encodeText(prompts: readonly string[]): Promise<Floats>;
  /** Images [n, 3, h, w] of 0..1 to latents [n, c, h / cell, w / cell], scaled as the U-Net takes them. */
  encode(images: Floats): Promise<Floats>;
  /** Latents to images of about 0..1, not clipped. */
  decode(latents: Floats): Promise<Floats>;
  /** The U-Net's own output for noisy latents as it takes them, one timestep for all, and text of as many rows. */
  predict(noisy: Floats, timestep: number, text: Floats): Promise<Floats>;
}

/** What a U-Net is fed in addition to latent, timestep and text, for a batch of n. */
export type Conditions = (n: number) => NamedTensors;

/** Makes the diffusion model of some roles ready. @throws MODEL if the U-Net wants conditions that nobody feeds. */
export async function openDiffusion(open: OpenRole, further: Conditions = () => ({})): Promise<Diffusion> {
  const unet = await open('unet');
  const { fill, id } = unet.model;
  const known = new Set([...Object.keys(ROLES.unet.inputs), ...Object.keys(further(1))]);
  const unknown = unet.graph.graph.inputs.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) throw unknownConditions(id, unknown);
  const { prediction, betas, side } = fill.diffusion ?? { prediction: 'epsilon', side: 512 };
  const text = textEncoder(open, unet.model, channelsOf(unet, 'text', 2));
  return {
    id,
    schedule: noiseSchedule(betas),
    prediction,
    side,
    channels: channelsOf(unet, 'noise', 1) ?? 4,
    cell: CELL,
    multiple: fill.multiple ?? 8 * CELL,
    ...text,
    encode: async (image) => (await (await open('vae-encoder')).run({ image })).latent,
    decode: async (latent) => (await (await open('vae-decoder')).run({ latent })).image,
    predict: async (latent, t, rows) => {
      const timestep = timestepFor(unet, latent, t);
      const { noise } = await unet.run({ latent, timestep, text: rows, ...further(latent.dims[0]!) });
      return noise;
    },
  };
}

/** A latent cell of the Stable Diffusion family, px. */
const CELL = 8;

/** The size of an axis of a U-Net's input, where the file fixes it. */
function channelsOf(
  { graph: { graph } }: RoleModel<'unet'>,
  input: string,
  axis: number,
): number | undefined {
  const size = graph.inputs.find(({ name }) => name === input)?.shape?.[axis];
  return typeof size === 'number' ? size : undefined;
}

/** A timestep as the file has it: a scalar, one for all, or one for each sample. */
function timestepFor({ graph: { graph } }: RoleModel<'unet'>, { dims }: Floats, t: number): Floats {
  const shape = graph.inputs.find(({ name }) => name === 'timestep')?.shape;
  const [count] = shape ?? ['n'];
  if (count === undefined) return tensor('float32', [], Float32Array.of(t));
  const n = typeof count === 'number' ? count : dims[0]!;
  return tensor('float32', [n], new Float32Array(n).fill(t));
}

/** Embeddings of prompts by the encoder that made them, so that all trainings of a session share them. */
const read = new WeakMap<object, Map<string, Floats>>();

/** Prompts that are remembered; the one that was read first is forgotten first. */
const MOST_READ = 256;

/** Prompts to embeddings, remembered by prompt. */
function textEncoder(
  open: OpenRole,
  unet: ResolvedModel,
  wanted: number | undefined,
): Pick<Diffusion, 'tokenizer' | 'encodeText'> {
  let opened: Promise<Tokenizer> | undefined;
  const tokenizer = (): Promise<Tokenizer> => {
    opened ??= open('text-encoder').then(({ model, graph: { graph } }) => {
      const length = graph.inputs[0]?.shape?.[1];
      return openTokenizer(model, typeof length === 'number' ? length : undefined);
    });
    return opened;
  };

  const embedded = async (encoder: RoleModel<'text-encoder'>, prompt: string): Promise<Floats> => {
    const { ids } = (await tokenizer()).encode(prompt);
    const tokens = tensor('int64', [1, ids.length], BigInt64Array.from(ids, BigInt));
    return (await encoder.run({ tokens })).text;
  };

  const encodeOne = async (prompt: string): Promise<Floats> => {
    const encoder = await open('text-encoder');
    const rows = read.get(encoder) ?? new Map<string, Floats>();
    read.set(encoder, rows);
    const text = rows.get(prompt) ?? (await embedded(encoder, prompt));
    const d = text.dims[2]!;
    if (wanted !== undefined && d !== wanted) throw mismatchedText(encoder.model.id, d, unet.id, wanted);
    rows.set(prompt, text);
    if (rows.size > MOST_READ) rows.delete(rows.keys().next().value!);
    return text;
  };

  const encodeText = async (prompts: readonly string[]): Promise<Floats> => {
    const encoded: Floats[] = [];
    for (const prompt of prompts) encoded.push(await encodeOne(prompt));
    return stacked(encoded);
  };
  return { tokenizer, encodeText };
}

/** Tensors of equal shape [n, ...] one after the other along the first axis. */
export function stacked(tensors: readonly Floats[]): Floats {
  const [, ...rest] = tensors[0]!.dims;
  const n = tensors.reduce((sum, { dims }) => sum + dims[0]!, 0);
  const data = new Float32Array(tensors.reduce((sum, each) => sum + each.data.length, 0));
  let at = 0;
  for (const each of tensors) {
    data.set(each.data, at);
    at += each.data.length;
  }
  return tensor('float32', [n, ...rest], data);
}

/** Rows `from` to `to` along the first axis, not a copy. */
export function rowsOf({ dims: [n, ...rest], data }: Floats, from: number, to: number): Floats {
  const size = data.length / n!;
  return tensor('float32', [to - from, ...rest], data.subarray(from * size, to * size));
}
