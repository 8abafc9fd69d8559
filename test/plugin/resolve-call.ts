/** A call as its plug-in and parameters, for tests of single attacks. */
import type { ParsedCall } from '../../src/plugin/call.ts';
import type { PluginBase } from '../../src/plugin/define.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { type PluginKind, type Registry, resolvePlugin } from '../../src/plugin/resolve.ts';

export function resolveCall<P extends PluginBase>(
  kind: PluginKind,
  registry: Registry<P>,
  { id, params, placeOf }: ParsedCall,
) {
  const plugin = resolvePlugin(kind, registry, id, placeOf());
  return { plugin, params: parseParameters(plugin, params, placeOf) };
}
