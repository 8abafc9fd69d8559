/** @file The interface of an attack: image to image, of the same size unless it says otherwise. */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { notLearned } from '../messages/index.ts';
import type { ParameterSchema, PluginBase, PluginContext } from '../plugin/define.ts';
import type { GraphPicture, GraphScope } from '../plugin/transformation.ts';

/** The parameter that orders the settings of an attack from gentle to harsh: the x axis of its curve. */
export interface StrengthAxis {
  readonly parameter: string;
  readonly harsher: 'higher' | 'lower';
}

/** A picture and its protected version, of the same size: what an attack learns from. */
export interface TrainingPair {
  readonly clean: Image;
  readonly protected: Image;
}

/** What an attack learns, once for each protection, before it is applied to pictures that it never saw. */
export interface Trainable<P> {
  /** How many pairs it wants, of the pictures that its parameter `training` names. */
  pairs(params: P): number;
  /** What it learnt, as numbers; `apply` finds them in its context (`learnedIn`). */
  train(pairs: readonly TrainingPair[], params: P, context: PluginContext): Promise<Float32Array>;
  /** What it learnt, in a sentence. */
  describe?(trained: Float32Array): string;
}

/** The parameter of attacks that learn; `refers: { training: 'pictures' }` belongs to it. */
export const trainingParameters = {
  training: z
    .string()
    .min(1)
    .default('atelier(count=64, size=128, seed=77)')
    .describe(
      'pictures that pairs are made of: a folder, a manifest or the generator; attacked ones are left out',
    ),
};

/** What this attack learnt. @throws USAGE where it is applied without pairs, as by hand. */
export function trainedIn({ trained }: PluginContext, attack: string): Float32Array {
  if (trained === undefined) throw notLearned(attack);
  return trained;
}

/** An attack, as its file defines it. */
export interface Attack<S extends ParameterSchema = ParameterSchema> extends PluginBase<S> {
  /** True where the output may have another size than the input. */
  readonly resizes?: boolean;
  /** True where pixels move: opacity moves along. */
  readonly moves?: boolean;
  readonly strength?: StrengthAxis;
  /** Where it has to be trained on pairs of the protection that it attacks. */
  readonly training?: Trainable<z.infer<S>>;
  /** An attacked copy. Where the attack is an encoder, the result carries the encoded file (`image.file`). */
  apply(image: Image, params: z.infer<S>, context: PluginContext): Promise<Image>;
  /** The same for 8-bit pictures as nodes of an ONNX graph, opacity aside; see `graph/chain.ts`. */
  graph?(picture: GraphPicture, params: z.infer<S>, scope: GraphScope): GraphPicture;
}

/** Types an attack by its own id and parameter schema. */
export function defineAttack<S extends ParameterSchema, const Id extends string>(
  attack: Attack<S> & { readonly id: Id },
): Attack<S> & { readonly id: Id } {
  return attack;
}
