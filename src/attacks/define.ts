/** @file The interface of an attack: image to image, of the same size unless it says otherwise. */
import type { z } from 'zod';
import type { Image } from '../image/image.ts';
import type { ParameterSchema, PluginBase, PluginContext } from '../plugin/define.ts';
import type { GraphPicture, GraphScope } from '../plugin/transformation.ts';

/** The parameter that orders the settings of an attack from gentle to harsh: the x axis of its curve. */
export interface StrengthAxis {
  readonly parameter: string;
  readonly harsher: 'higher' | 'lower';
}

/** An attack, as its file defines it. */
export interface Attack<S extends ParameterSchema = ParameterSchema> extends PluginBase<S> {
  /** True where the output may have another size than the input. */
  readonly resizes?: boolean;
  /** True where pixels move: opacity moves along. */
  readonly moves?: boolean;
  readonly strength?: StrengthAxis;
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
