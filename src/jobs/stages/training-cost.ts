/**
 * @file What a fine-tuning costs on a model that was never run here, counted from the shapes of its networks: `plan` says so
 * before a night is spent on Stable Diffusion.
 */
import { type MimicSpec, sampleCount } from '../../diffusion/mimic.ts';
import { readRole } from '../../models/open.ts';
import type { ResolvedModel } from '../../models/resolve.ts';
import type { ModelRole } from '../../models/roles.ts';
import { type GraphCost, graphCost } from '../../onnx/cost.ts';
import type { FineTuneJob } from '../job.ts';

/** A forward pass, and a backward pass to activations and weights: twice as much again. */
const PASSES = 3;

/** Tokens of a prompt where the file does not say. */
const TOKENS = 77;

/** What a job takes, counted and not timed. */
export interface Cost {
  readonly multiplications: number;
  /** Memory in bytes, beyond the weights of the open models. */
  readonly bytes: number;
}

/** Costs of the networks of a plan, each read and counted once. */
export interface NetworkCosts {
  readonly models: readonly ResolvedModel[];
  costOf(role: ModelRole, key: string | undefined, side: number): Promise<GraphCost | undefined>;
}

/** The costs of these models' networks, counted when asked for. */
export function networkCosts(models: readonly ResolvedModel[]): NetworkCosts {
  const known = new Map<string, Promise<GraphCost | undefined>>();
  return {
    models,
    costOf: (role, key, side) => {
      const name = `${role} ${key} ${side}`;
      const model = models.find((each) => each.role === role && each.key === key);
      const cost =
        known.get(name) ?? (model === undefined ? Promise.resolve(undefined) : networkCost(model, side));
      known.set(name, cost);
      return cost;
    },
  };
}

/** What a fine-tuning and its samples take; undefined if the U-Net cannot be counted. */
export async function trainingCost(
  { mimic, models: keys }: FineTuneJob,
  { models, costOf }: NetworkCosts,
): Promise<Cost | undefined> {
  const unetModel = models.find(({ role, key }) => role === 'unet' && key === keys.unet);
  const side = mimic.resolution ?? unetModel?.fill.diffusion?.side ?? 512;
  const unet = await costOf('unet', keys.unet, side);
  const decoder = await costOf('vae-decoder', keys['vae-decoder'], side);
  if (unet === undefined || unetModel === undefined) return undefined;
  const { fineTuning, samplingSteps, guidance } = mimic;
  const trained =
    fineTuning === undefined ? 0 : PASSES * fineTuning.steps * fineTuning.batchSize * sets(fineTuning);
  const sampled = sampleCount(mimic) * samplingSteps * (guidance > 1 ? 2 : 1);
  const weights = unetModel.files.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    multiplications:
      (trained + sampled) * unet.multiplications + sampleCount(mimic) * (decoder?.multiplications ?? 0),
    bytes:
      (fineTuning?.batchSize ?? 1) * unet.activationBytes +
      (fineTuning?.method === 'full' ? COPIES * weights : 0),
  };
}

/** Prior preservation trains on as many class images again. */
const sets = ({ prior }: NonNullable<MimicSpec['fineTuning']>): number => (prior === undefined ? 1 : 2);

/** Trained weights, their gradient, two moments. */
const COPIES = 4;

/** One picture through a network. */
async function networkCost(model: ResolvedModel, side: number): Promise<GraphCost | undefined> {
  const graph = await readRole(model).catch(() => undefined);
  if (graph === undefined) return undefined;
  const sizes = graph.graph.inputs.map(({ name, shape }) => {
    const fixed = (axis: number): number | undefined =>
      typeof shape?.[axis] === 'number' ? (shape[axis] as number) : undefined;
    const cells = side / 8;
    if (name === 'latent') return [name, [1, fixed(1) ?? 4, cells, cells]] as const;
    if (name === 'text') return [name, [1, fixed(1) ?? TOKENS, fixed(2) ?? 768]] as const;
    return [name, (shape ?? []).map((size) => (typeof size === 'number' ? size : 1))] as const;
  });
  return graphCost(graph, Object.fromEntries(sizes));
}
