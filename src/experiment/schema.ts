/** @file The JSON Schema of experiment files, made from the same shapes that check them and from the registries. */
import { z } from 'zod';
import { attacks } from '../attacks/index.ts';
import { metrics } from '../metrics/index.ts';
import type { PluginBase } from '../plugin/define.ts';
import { protections } from '../protections/index.ts';
import { experimentShape } from './experiment.ts';

/** The schema, for editors: names, ranges, units and defaults of every plug-in that this version knows. */
export function experimentJsonSchema(): object {
  const schema = experimentShape({
    protection: entryShape(Object.values(protections)),
    attack: entryShape(Object.values(attacks)),
    metric: entryShape(Object.values(metrics)),
  });
  return {
    $id: 'craquelure/experiment.schema.json',
    title: 'Craquelure experiment',
    ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
  };
}

/** A call in a string, or a map of one plug-in to its parameters. */
function entryShape(plugins: readonly PluginBase[]): z.ZodType {
  const ids = plugins.map(({ id }) => id);
  const maps = plugins.map((plugin) =>
    z.strictObject({ [plugin.id]: z.union([sweptParameters(plugin), z.null()]).describe(plugin.summary) }),
  );
  return z.union([
    z.string().describe(`name, name(parameter=value) or a chain; names: ${ids.join(', ')}`),
    ...maps,
  ]);
}

/** Each parameter takes a value or a list to sweep; `zip` pairs lists. */
function sweptParameters(plugin: PluginBase): z.ZodType {
  const single = Object.entries(plugin.params.shape as Record<string, z.ZodType>);
  const swept = single.map(([name, shape]) => [
    name,
    z
      .union([shape, z.array(shape)])
      .optional()
      .describe(shape.description ?? name),
  ]);
  const lists = single.map(([name, shape]) => [name, z.array(shape).optional()]);
  return z.strictObject({
    ...Object.fromEntries(swept),
    zip: z
      .strictObject(Object.fromEntries(lists))
      .optional()
      .describe('lists of one length, paired instead of crossed'),
  });
}
