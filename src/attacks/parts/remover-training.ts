/**
 * @file Training of the remover on pairs: the restored image has to be the clean one, in pixels and in an encoder's latents.
 *
 *   loss = 255 mean |r - x| + latentWeight sum (E(r) - E(x))^2 / sum E(x)^2,   r = restored crop, x = clean crop
 *
 * Crops lie at the same place of both images of a pair, randomly mirrored and rotated: eight views of every pair.
 */
import { gradientGraph, gradientName } from '../../autodiff/gradient.ts';
import { imageTooSmall } from '../../messages/index.ts';
import { CELL } from '../../models/latents.ts';
import { builtModel, graphBuilder } from '../../onnx/builder.ts';
import { compose } from '../../onnx/transforms/compose.ts';
import { declaredType } from '../../onnx/infer.ts';
import { type Model, opsetOf, type ValueInfo } from '../../onnx/model.ts';
import { type NamedTensors, type TensorOf, tensor } from '../../onnx/tensor.ts';
import { checkpointTo, readCheckpoint } from '../../optim/checkpoint-file.ts';
import type { Objective } from '../../optim/descend.ts';
import { train, untrained, warmedUp } from '../../optim/train.ts';
import { openOwn, openRole, type PluginContext } from '../../plugin/define.ts';
import type { Random } from '../../random.ts';
import type { Session } from '../../runtime/session.ts';
import type { TrainingPair } from '../define.ts';
import {
  initialRemover,
  REMOVER,
  REMOVER_MULTIPLE,
  removerFeeds,
  removerModel,
  removerWeights,
} from './remover.ts';

export interface RemoverTraining {
  readonly steps: number;
  /** Crops per step. */
  readonly batchSize: number;
  /** Side of a crop, px. */
  readonly cropSize: number;
  /** Channels of the network. */
  readonly channels: number;
  readonly lr: number;
  /** Weight of the latent error; 0: no encoder is used. */
  readonly latentWeight: number;
}

/** The weights of a remover trained on pairs. @throws the signal's reason; MODEL if a loss is not a number */
export async function trainedRemover(
  pairs: readonly TrainingPair[],
  spec: RemoverTraining,
  context: PluginContext,
): Promise<Float32Array> {
  const { steps, channels } = spec;
  const { session, sides, latentsOf } = await openLoss(spec, context);
  try {
    const draw = crops(pairs, { ...spec, ...sides }, context.random.fork('crops'));
    const objective: Objective = async (weights, step) => {
      const { image, clean } = draw(step);
      const feeds = { ...removerFeeds(channels, weights), image, clean, ...(await latentsOf(clean)) };
      return flattened(await session.run(feeds), channels, weights.length);
    };
    const fresh = untrained(initialRemover(channels, context.random.fork('start')));
    const file = context.training;
    // A damaged file counts as missing: the training starts again.
    const state = (file && (await readCheckpoint(file).catch(() => undefined))) ?? fresh;
    const checkpoint = file && checkpointTo(file, Math.max(25, Math.ceil(steps / 20)));
    const { signal, onProgress } = context;
    const rate = warmedUp(spec.lr, { warmup: Math.min(20, steps / 10), steps, shape: 'cosine' });
    const options = { steps, rate, clip: 10, decay: 1e-4, signal, onProgress, checkpoint };
    return (await train(state, objective, options)).weights;
  } finally {
    await session.close();
  }
}

function flattened(results: NamedTensors, channels: number, length: number) {
  const gradient = new Float32Array(length);
  let at = 0;
  for (const { name } of removerWeights(channels)) {
    const { data } = results[gradientName(name)]!;
    gradient.set(data as Float32Array, at);
    at += data.length;
  }
  return { loss: results[LOSS]!.data[0] as number, gradient };
}

const CLEAN = 'clean';
const TARGET = 'clean latent';
const LATENT = 'latent';
const LOSS = 'loss';

/** The crops that networks take: sides that are multiples of some px, or one side only. */
interface Sides {
  readonly multiple: number;
  readonly size?: number | undefined;
}

/** The gradient of the loss by the weights, the crops that it takes, and the further inputs of its graph. */
async function openLoss(
  { channels, latentWeight }: RemoverTraining,
  context: PluginContext,
): Promise<{
  session: Session;
  sides: Sides;
  latentsOf: (clean: TensorOf<'float32'>) => Promise<NamedTensors>;
}> {
  const wrt = removerWeights(channels).map(({ name }) => name);
  const gradient = (model: Model): Model => gradientGraph(model, { loss: LOSS, wrt, outputs: [LOSS] });
  const network = removerModel(channels);
  if (latentWeight === 0) {
    const session = await openOwn(context, gradient(lossBehind(network, latentWeight)), 'learned-remover');
    return { session, sides: { multiple: REMOVER_MULTIPLE }, latentsOf: async () => ({}) };
  }
  const encoder = await openRole(context, 'vae-encoder');
  const session = await encoder.lend('gradient of the remover', (graph) => {
    const seen = compose(network, graph, { join: { image: REMOVER.restored }, prefix: 'encoder.' });
    return gradient(lossBehind(seen, latentWeight));
  });
  const { multiple = CELL, size } = encoder.model.fill;
  return {
    session,
    sides: { multiple: multiple % REMOVER_MULTIPLE === 0 ? multiple : multiple * REMOVER_MULTIPLE, size },
    latentsOf: async (clean) => ({ [TARGET]: (await encoder.run({ image: clean })).latent }),
  };
}

/** A network, an optional encoder behind it, and the loss at the end. */
function lossBehind(network: Model, latentWeight: number): Model {
  const port = (name: string): ValueInfo => network.graph.outputs.find((each) => each.name === name)!;
  const restored = port(REMOVER.restored);
  const seen = latentWeight === 0 ? [] : [port(LATENT)];
  const inputs = [
    restored,
    { ...restored, name: CLEAN },
    ...seen.flatMap((each) => [each, { ...each, name: TARGET }]),
  ];
  const g = graphBuilder({ opset: opsetOf(network), taken: [LOSS] });
  for (const each of inputs) g.declare(each.name, declaredType(each));
  const all = { keepdims: false } as const;
  const off = g.ReduceMean(g.Abs(g.Sub(restored.name, CLEAN)), [0, 1, 2, 3], all);
  let loss = g.Mul(off, g.scalar(255, off));
  if (latentWeight !== 0) {
    const moved = g.Sub(LATENT, TARGET);
    const share = g.Div(
      g.ReduceSum(g.Mul(moved, moved), [0, 1, 2, 3], all),
      g.ReduceSum(g.Mul(TARGET, TARGET), [0, 1, 2, 3], all),
    );
    loss = g.Add(loss, g.Mul(share, g.scalar(latentWeight, share)));
  }
  g.append({ name: LOSS, opType: 'Identity', domain: '', inputs: [loss], outputs: [LOSS], attributes: {} });
  return compose(network, builtModel(g, inputs, [LOSS]), { outputs: [LOSS] });
}

/** The batch of each step, which depends on the number of the step alone. @throws IMAGE if an image is smaller than any crop */
function crops(
  pairs: readonly TrainingPair[],
  { batchSize, cropSize, multiple, size }: RemoverTraining & Sides,
  random: Random,
): (step: number) => Record<'image' | 'clean', TensorOf<'float32'>> {
  const least = size ?? multiple;
  const small = pairs.find(({ clean }) => Math.min(clean.width, clean.height) < least);
  if (small !== undefined) throw imageTooSmall('learned-remover', small.clean, `${least} px a side`);
  const smallest = Math.min(...pairs.flatMap(({ clean }) => [clean.width, clean.height]));
  const side = size ?? Math.max(multiple, Math.floor(Math.min(cropSize, smallest) / multiple) * multiple);
  const area = side * side;
  return (step) => {
    const own = random.fork(`step ${step}`);
    const image = new Float32Array(batchSize * 3 * area);
    const clean = new Float32Array(batchSize * 3 * area);
    for (let b = 0; b < batchSize; b++) {
      const pair = own.pick(pairs);
      const { width, height } = pair.clean;
      const [left, top] = [own.int(width - side + 1), own.int(height - side + 1)];
      const view = own.int(8);
      for (let i = 0; i < area; i++) {
        const [u, v] = turned(view, i % side, Math.floor(i / side), side);
        const from = 3 * ((top + v) * width + left + u);
        for (let c = 0; c < 3; c++) {
          const to = (3 * b + c) * area + i;
          image[to] = pair.protected.data[from + c]!;
          clean[to] = pair.clean.data[from + c]!;
        }
      }
    }
    const dims = [batchSize, 3, side, side];
    return { image: tensor('float32', dims, image), clean: tensor('float32', dims, clean) };
  };
}

/** The place that a pixel of one of the eight views of a square comes from. */
function turned(view: number, x: number, y: number, side: number): [u: number, v: number] {
  const [a, b] = view & 4 ? [y, x] : [x, y];
  return [view & 1 ? side - 1 - a : a, view & 2 ? side - 1 - b : b];
}
