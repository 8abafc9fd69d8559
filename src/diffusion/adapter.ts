/**
 * @file What fine-tuning leaves: LoRA pairs, whole weights, or the embedding of one token; and the diffusion model that
 * has them.
 */
import { unknownToken } from '../messages/index.ts';
import { insertLora, LORA_SCALE } from '../onnx/transforms/lora.ts';
import type { Model } from '../onnx/model.ts';
import { elementCount, type NamedTensors, tensor } from '../onnx/tensor.ts';
import { type TunablePort, tokenAsInput, weightsAsInputs, withWeights } from '../onnx/transforms/tunable.ts';
import type { Random } from '../random.ts';
import { type Diffusion, type OpenRole, openDiffusion } from './open.ts';

/** What is trained: LoRA pairs for layers of the U-Net, all its weights, or one token's embedding. */
export type TuningMethod =
  | {
      readonly kind: 'lora';
      readonly rank: number;
      readonly alpha: number;
      readonly pattern?: RegExp;
      /** The network that the pairs belong to (default: the U-Net). Files may have pairs for both; only the U-Net's are trained. */
      readonly of?: AdaptedRole;
    }
  | { readonly kind: 'full' }
  | { readonly kind: 'textual-inversion'; readonly token: string };

/** The networks of a diffusion model that are fine-tuned. */
export type AdaptedRole = 'unet' | 'text-encoder';

/** A fine-tuned part of a diffusion model. */
export interface Adapter {
  readonly method: TuningMethod;
  /** By the names of the graph's inputs. */
  readonly tensors: NamedTensors;
}

/** A graph with what is to be trained as inputs. */
export interface Trainable {
  readonly model: Model;
  readonly ports: readonly TunablePort[];
  /** Inputs that are not trained. */
  readonly fixed: NamedTensors;
}

/** A U-Net made trainable by LoRA, or in full. Pairs begin as PEFT's do: A uniform as of Kaiming (a = sqrt 5), B zero. */
export function trainableUnet(
  unet: Model,
  method: Exclude<TuningMethod, { kind: 'textual-inversion' }>,
  random: Random,
): Trainable {
  if (method.kind === 'full') return { ...weightsAsInputs(unet), fixed: {} };
  const { model, pairs } = insertLora(unet, method);
  const ports = pairs.flatMap(({ down, up }) => {
    const fanIn = elementCount(down.dims.slice(1));
    const bound = 1 / Math.sqrt(fanIn);
    const initial = Float32Array.from(
      { length: method.rank * fanIn },
      () => (2 * random.uniform() - 1) * bound,
    );
    return [
      { ...down, initial },
      { ...up, initial: new Float32Array(elementCount(up.dims)) },
    ];
  });
  return { model, ports, fixed: loraScale(method) };
}

/** s = alpha / rank. */
const loraScale = ({ rank, alpha }: { rank: number; alpha: number }): NamedTensors => ({
  [LORA_SCALE]: tensor('float32', [], Float32Array.of(alpha / rank)),
});

/** A text encoder with the embedding of one token to be trained. */
export const trainableToken = (encoder: Model, id: number): Trainable => ({
  ...tokenAsInput(encoder, id),
  fixed: {},
});

/** Calls `work` with the diffusion model that has adapters, at most one for each network, and frees what that took. */
export async function withAdapters<T>(
  open: OpenRole,
  adapters: readonly Adapter[],
  work: (tuned: Diffusion) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = adapters;
  if (first === undefined) return work(await openDiffusion(open));
  const role = roleOf(first.method);
  const base = await open(role);
  const tokenId = await placeholderId(open, first.method);
  const session = await base.lend('fine-tuned', (graph) => adapted(graph, first, tokenId));
  const fed = fedTensors(first);
  const tuned = { ...base, run: (inputs: NamedTensors) => session.run({ ...inputs, ...fed }) };
  const tunedOpen = (async (asked) => (asked === role ? tuned : open(asked))) as OpenRole;
  try {
    return await withAdapters(tunedOpen, rest, work);
  } finally {
    await session.close();
  }
}

function roleOf(method: TuningMethod): AdaptedRole {
  if (method.kind === 'textual-inversion') return 'text-encoder';
  return method.kind === 'lora' ? (method.of ?? 'unet') : 'unet';
}

/** The number of the placeholder token in the vocabulary; 0 where the method has none. */
async function placeholderId(open: OpenRole, method: TuningMethod): Promise<number> {
  if (method.kind !== 'textual-inversion') return 0;
  const tokenizer = await (await openDiffusion(open)).tokenizer();
  const id = tokenizer.idOf(method.token);
  if (id === undefined) throw unknownToken(method.token);
  return id;
}

/** The graph that runs with an adapter: pairs are fed, whole weights are put in so that they are packed once. */
function adapted(graph: Model, { method, tensors }: Adapter, tokenId: number): Model {
  switch (method.kind) {
    case 'lora':
      return insertLora(graph, method).model;
    case 'full':
      return withWeights(graph, tensors);
    case 'textual-inversion':
      return tokenAsInput(graph, tokenId).model;
  }
}

function fedTensors({ method, tensors }: Adapter): NamedTensors {
  if (method.kind === 'full') return {};
  return method.kind === 'lora' ? { ...tensors, ...loraScale(method) } : tensors;
}
