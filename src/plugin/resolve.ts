/** @file Plug-ins by name. */
import { type Place, unknownName } from '../messages/index.ts';
import type { ParsedCall } from './call.ts';
import type { PluginBase } from './define.ts';
import { type GivenParameters, parseParameters } from './parameters.ts';

/** The kinds of plug-ins. */
export type PluginKind = 'protection' | 'attack' | 'metric';

/** A registry: plug-ins of one kind by their ids. */
export type Registry<P extends PluginBase> = Readonly<Record<string, P>>;

/** A plug-in with all its parameters. */
export interface Setting<P extends PluginBase> {
  readonly plugin: P;
  readonly params: GivenParameters;
}

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

/** A call as a plug-in and its parameters, defaults filled in. @throws UNKNOWN_PLUGIN, PARAMETER pointing into the call. */
export function resolveCall<P extends PluginBase>(
  kind: PluginKind,
  registry: Registry<P>,
  { id, params, placeOf }: ParsedCall,
): Setting<P> {
  const plugin = resolvePlugin(kind, registry, id, placeOf());
  return { plugin, params: parseParameters(plugin, params, placeOf) };
}
