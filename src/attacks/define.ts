/** @file The interface of an attack: image to image, of the same size unless `resizes` is set. */
import { z } from 'zod';
import type { Image } from '../image/image.ts';
import { notTrained } from '../messages/index.ts';
import type { ComparisonRole, ParameterSchema, PluginBase, PluginContext } from '../plugin/define.ts';
import type { GraphPicture, GraphScope } from '../plugin/transformation.ts';

/** The parameter that orders the settings of an attack from gentle to harsh: the x axis of its curve. */
export interface StrengthAxis {
  readonly parameter: string;
  readonly harsher: 'higher' | 'lower';
}

/** An image and its protected version, of the same size: what an attack is trained on. */
export interface TrainingPair {
  readonly clean: Image;
  readonly protected: Image;
}

/** The training of an attack: once for each protection, before the attack is applied to images that it has never seen. */
export interface Trainable<P> {
  /** The number of pairs, made of the images that the parameter `training` names. */
  pairs(params: P): number;
  /** The result of the training, as numbers; `apply` reads them with `trainedIn`. */
  train(pairs: readonly TrainingPair[], params: P, context: PluginContext): Promise<Float32Array>;
  /** The result of the training, in a sentence. */
  describe?(trained: Float32Array): string;
}

/** The parameter of attacks that are trained; it needs `refers: { training: 'pictures' }`. */
export const trainingParameters = {
  training: z
    .string()
    .min(1)
    .default('atelier(count=64, size=128, seed=77)')
    .describe(
      'images for the training pairs: a file, folder, manifest or atelier(...); images under attack are left out',
    ),
};

/** The result of the training of this attack. @throws USAGE if it was not trained, as outside an experiment */
export function trainedIn({ trained }: PluginContext, attack: string): Float32Array {
  if (trained === undefined) throw notTrained(attack);
  return trained;
}

/** An attack, as its file defines it. */
export interface Attack<S extends ParameterSchema = ParameterSchema> extends PluginBase<S> {
  /** True if the output may have another size than the input. */
  readonly resizes?: boolean;
  /** True if pixels move; then opacity moves with them. */
  readonly moves?: boolean;
  /**
   * Whether places of the output are other places of the input, so that metrics of pixels compare unlike things (default: as
   * `moves`).
   */
  misaligns?(params: z.infer<S>): boolean;
  readonly strength?: StrengthAxis;
  /** Set if it is there for comparison only. */
  readonly role?: Extract<ComparisonRole, 'baseline'>;
  /** Set if it has to be trained on pairs of the protection that it attacks. */
  readonly training?: Trainable<z.infer<S>>;
  /** An attacked copy. If the attack is an encoder, the result carries the encoded file (`image.file`). */
  apply(image: Image, params: z.infer<S>, context: PluginContext): Promise<Image>;
  /** The same for 8-bit images as nodes of an ONNX graph, without opacity; see `graph/chain.ts`. */
  graph?(picture: GraphPicture, params: z.infer<S>, scope: GraphScope): GraphPicture;
}

/** Types an attack by its own id and parameter schema. */
export function defineAttack<S extends ParameterSchema, const Id extends string>(
  attack: Attack<S> & { readonly id: Id },
): Attack<S> & { readonly id: Id } {
  return attack;
}
