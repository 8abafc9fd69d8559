/** @file Parameters of a plug-in: checked against its schema, and described for `list`, help and messages. */
import { z } from 'zod';
import { expected, type Place, renamedParameter, unknownParameter } from '../messages/index.ts';
import type { ParameterSchema, PluginBase } from './define.ts';

/** Parameters as given by a user, unchecked. */
export type GivenParameters = Readonly<Record<string, unknown>>;

/** The place of a parameter in the source, or of the whole call if no name is given. */
export type PlaceOf = (parameter?: string) => Place | undefined;

/** One parameter as a reader sees it. */
export interface ParameterDescription {
  readonly name: string;
  /** The accepted values, in words: `integer between 1 and 100`. */
  readonly accepts: string;
  /** Its meaning, with the unit. */
  readonly description: string;
  /** undefined if leaving it out differs from every value. */
  readonly default: unknown;
}

/** The part of JSON Schema that parameter schemas use. */
interface PropertySchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly items?: PropertySchema;
  readonly anyOf?: readonly PropertySchema[];
  readonly default?: unknown;
  readonly description?: string;
}

/**
 * A plug-in's parameters with every default filled in.
 * @throws PARAMETER for the first one that is unknown or out of range
 */
export function parseParameters<S extends ParameterSchema>(
  plugin: Pick<PluginBase<S>, 'id' | 'params' | 'formerNames'>,
  given: GivenParameters,
  place?: Place | PlaceOf,
): z.infer<S> {
  const result = plugin.params.safeParse(given);
  if (result.success) return result.data;
  const placeOf: PlaceOf = typeof place === 'function' ? place : () => place;
  const properties = propertiesOf(plugin.params);
  for (const issue of result.error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const name = issue.keys[0]!; // first, because a misspelt name may explain the other errors
    const renamed = Object.entries(plugin.formerNames ?? {}).find(([, former]) => former === name);
    if (renamed !== undefined) throw renamedParameter(plugin.id, name, renamed[0], placeOf(name));
    throw unknownParameter(plugin.id, name, Object.keys(properties), placeOf(name));
  }
  const [issue] = result.error.issues;
  const name = String(issue!.path[0] ?? '');
  const what = issue!.code === 'custom' ? issue!.message : acceptsOf(properties[name]);
  throw expected(what, name === '' ? plugin.id : `${plugin.id}.${name}`, given[name], {
    place: placeOf(name),
  });
}

/** Every parameter of a plug-in, in the order of its schema. */
export function describeParameters(plugin: Pick<PluginBase, 'params'>): readonly ParameterDescription[] {
  return Object.entries(propertiesOf(plugin.params)).map(([name, property]) => ({
    name,
    accepts: acceptsOf(property),
    description: property.description ?? '',
    default: property.default,
  }));
}

/** The defaults of all parameters that have one. */
export function defaultParameters(plugin: Pick<PluginBase, 'params'>): GivenParameters {
  return plugin.params.parse({});
}

const propertiesOf = (schema: ParameterSchema): Readonly<Record<string, PropertySchema>> =>
  (z.toJSONSchema(schema, { io: 'input' }).properties ?? {}) as Record<string, PropertySchema>;

const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));

const oneOf = (values: readonly unknown[]): string =>
  values.length === 1 ? shown(values[0]) : `one of ${values.map(shown).join(', ')}`;

/** `integer between 1 and 100`, `one of 'sign', 'uniform'`, `list of numbers above 0`. */
function acceptsOf(property: PropertySchema | undefined): string {
  if (property === undefined) return 'an object of parameters';
  if (property.const !== undefined) return shown(property.const);
  if (property.enum) return oneOf(property.enum);
  if (property.anyOf) return property.anyOf.map(acceptsOf).join(' or ');
  if (typeof property.type === 'object') {
    return property.type.map((type) => acceptsOf({ ...property, type })).join(' or ');
  }
  switch (property.type) {
    case 'integer':
    case 'number':
      return `${property.type}${rangeOf(property)}${stepOf(property)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `list, each ${acceptsOf(property.items)}`;
    default:
      return property.type ?? 'any value';
  }
}

const stepOf = ({ multipleOf }: PropertySchema): string =>
  multipleOf === undefined ? '' : `, a multiple of ${multipleOf}`;

function rangeOf({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: PropertySchema): string {
  // zod limits integers to those that a double holds exactly, which is not a range of the plug-in.
  const bounded = (bound: number | undefined): bound is number =>
    bound !== undefined && !(type === 'integer' && Math.abs(bound) === Number.MAX_SAFE_INTEGER);
  if (bounded(minimum) && bounded(maximum)) return ` between ${minimum} and ${maximum}`;
  const parts = [
    bounded(minimum) && `at least ${minimum}`,
    bounded(exclusiveMinimum) && `above ${exclusiveMinimum}`,
    bounded(maximum) && `at most ${maximum}`,
    bounded(exclusiveMaximum) && `below ${exclusiveMaximum}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`;
}
