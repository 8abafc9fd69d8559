/** @file Plug-ins by name. */
import { type Place, unknownName } from '../messages/index.ts';
import type { PluginBase } from './define.ts';

/** The kinds of plug-ins. */
export type PluginKind = 'protection' | 'attack' | 'metric';

/** A registry: plug-ins of one kind by their ids. */
export type Registry<P extends PluginBase> = Readonly<Record<string, P>>;

/** The plug-in of that name. @throws UNKNOWN_PLUGIN with the nearest name and all others. */
export function resolvePlugin<P extends PluginBase>(
  kind: PluginKind,
  registry: Registry<P>,
  id: string,
  place?: Place,
): P {
  if (!Object.hasOwn(registry, id)) throw unknownName(kind, id, Object.keys(registry), { place });
  return registry[id]!;
}
