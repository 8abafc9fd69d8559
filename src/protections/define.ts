/** @file The interface of a protection: image to image of the same size, inside a budget. */
import type { z } from 'zod';
import type { Image } from '../image/image.ts';
import type { ComparisonRole, ParameterSchema, PluginBase, PluginContext } from '../plugin/define.ts';

/** How far a protection may move the image. The harness enforces it and measures it on the saved 8-bit file. */
export interface Budget {
  /** L-infinity, in 1/255 pixel units. */
  readonly epsPx?: number;
  /** LPIPS distance to the clean image. */
  readonly lpips?: number;
}

/** A protection, as its file defines it. */
export interface Protection<S extends ParameterSchema = ParameterSchema> extends PluginBase<S> {
  /** Set if it is there for comparison only. */
  readonly role?: ComparisonRole;
  /** The budget that these parameters promise. `undefined`: the image must not change at all. */
  budget(params: z.infer<S>): Budget | undefined;
  /** A protected copy. The harness rounds to 8 bits, clips to the budget and measures the saved file. */
  apply(image: Image, params: z.infer<S>, context: PluginContext): Promise<Image>;
}

/** What a run records of a protection or attack, so that it can be analysed without the plug-in. */
export function comparisonFields(
  { role, budget }: Partial<Pick<Protection, 'role' | 'budget'>>,
  params: Readonly<Record<string, unknown>>,
): Partial<Pick<Protection, 'role'>> & { readonly budget?: Budget } {
  const promised = budget?.(params);
  return { ...(role && { role }), ...(promised && { budget: promised }) };
}

/** Types a protection by its own id and parameter schema. */
export function defineProtection<S extends ParameterSchema, const Id extends string>(
  protection: Protection<S> & { readonly id: Id },
): Protection<S> & { readonly id: Id } {
  return protection;
}
