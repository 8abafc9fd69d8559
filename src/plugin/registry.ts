/** @file A registry: one record of all plug-ins of a kind, whose keys are their ids by the compiler's word. */
import type { PluginBase } from './define.ts';

/** The plug-ins as given; a key that is not its plug-in's id does not compile. */
export function registryOf<R extends { readonly [Id in keyof R]: PluginBase & { readonly id: Id } }>(
  plugins: R,
): R {
  return plugins;
}
