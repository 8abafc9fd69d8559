/**
 * @file From what an experiment file lists under `protections`, `attacks` and `metrics` to settings with every
 * parameter resolved. A list given to a parameter is swept; `zip:` pairs lists instead of crossing them.
 */
import type { Attack } from '../attacks/define.ts';
import { attacks } from '../attacks/index.ts';
import { isRecord } from '../files/json.ts';
import { expected, noGraph, type Place, tooManySettings, unevenZip } from '../messages/index.ts';
import { analysisFields, type Metric } from '../metrics/define.ts';
import { metrics } from '../metrics/index.ts';
import { comparesPlaces, kindOf } from '../metrics/kinds/index.ts';
import { formatChain, parseChain } from '../plugin/call.ts';
import type { PluginBase } from '../plugin/define.ts';
import { type GivenParameters, type PlaceOf, parseParameters } from '../plugin/parameters.ts';
import { type PluginKind, type Registry, resolvePlugin } from '../plugin/resolve.ts';
import { comparisonFields, type Protection } from '../protections/define.ts';
import { protections } from '../protections/index.ts';
import type { MetricSetting, Setting, SettingLink } from './setting.ts';

/** A plug-in named with parameters as written: not yet checked, lists not yet swept. */
interface RawCall {
  readonly id: string;
  readonly params: GivenParameters;
  readonly placeOf: PlaceOf;
}

/** Where an entry stands, or a part of it. */
export type PlaceAt = (path: readonly string[]) => Place | undefined;

const nowhere: PlaceAt = () => undefined;

/** The settings of one entry under `protections:`. */
export const protectionSettings = (entry: unknown, placeAt = nowhere): Setting[] =>
  settingsOf<Protection>('protection', protections, entry, placeAt);

/** The settings of one entry under `attacks:`; a chain is written `a(x=1) | b`. */
export const attackSettings = (entry: unknown, placeAt = nowhere): Setting[] =>
  settingsOf<Attack>('attack', attacks, entry, placeAt);

/** The settings of one entry under `metrics:`. */
export const metricSettings = (entry: unknown, placeAt = nowhere): MetricSetting[] =>
  settingsOf<Metric>('metric', metrics, entry, placeAt).map((setting) => {
    const metric = resolvePlugin<Metric>('metric', metrics, setting.links[0]!.id);
    const { kind, unit, higherIsBetter, measures, binary, protocol } = metric;
    return {
      ...setting,
      kind,
      ...kindOf(metric).fields(metric),
      unit,
      higherIsBetter,
      ...(measures && { measures }),
      ...(binary && { binary }),
      ...analysisFields(metric),
      ...(comparesPlaces(metric, setting.links[0]!.params) && { aligned: true as const }),
      protocol,
    };
  });

/** What a setting records of its plug-in, whatever its kind. */
type Described = PluginBase &
  Pick<Attack, 'strength' | 'moves' | 'misaligns'> &
  Partial<Pick<Protection, 'role' | 'budget'>>;

function settingsOf<P extends Described>(
  kind: PluginKind,
  registry: Registry<P>,
  entry: unknown,
  placeAt: PlaceAt,
): Setting[] {
  const calls = callsOf(kind, entry, placeAt);
  if (calls.length > 1 && kind !== 'attack') {
    throw expected('one plug-in, for only attacks are chained', kind, entry, { place: placeAt([]) });
  }
  const choices = calls.map(({ id, params, placeOf }) => {
    const plugin = resolvePlugin(kind, registry, id, placeOf());
    return sweep(plugin, params, placeOf).map((given) => ({
      plugin,
      params: parseParameters(plugin, given, placeOf),
    }));
  });
  assertFew(kind, choices, placeAt([]));
  return cross(choices).map((chosen) => {
    const named = chosen.map((link) => withChains(link.plugin, link.params, placeAt));
    const links = chosen.map(({ plugin }, i) => ({ plugin, params: named[i]!.params }));
    return {
      label: formatChain(links),
      random: links.some(({ plugin }) => plugin.random),
      links: links.map(({ plugin, params }, i) => toLink(plugin, params, named[i]!.chains)),
    };
  });
}

/** Parameters with the chains of attacks that they name: checked, and written as their labels. */
function withChains(
  { id, refers = {} }: PluginBase,
  params: GivenParameters,
  placeAt: PlaceAt,
): { params: GivenParameters; chains: NonNullable<SettingLink['chains']> } {
  const chains: Record<string, readonly (readonly SettingLink[])[]> = {};
  const labels: Record<string, unknown> = {};
  for (const [parameter, reference] of Object.entries(refers)) {
    const texts = params[parameter];
    if (reference !== 'attacks' || !Array.isArray(texts) || texts.length === 0) continue;
    const settings = texts.flatMap((text: unknown) => attackSettings(text, () => placeAt([id, parameter])));
    for (const { links } of settings) {
      const without = links.find(
        (link) => resolvePlugin<Attack>('attack', attacks, link.id).graph === undefined,
      );
      if (without !== undefined) throw noGraph(without.id);
    }
    chains[parameter] = settings.map(({ links }) => links);
    labels[parameter] = settings.map(({ label }) => label);
  }
  return { params: { ...params, ...labels }, chains };
}

function toLink(
  plugin: Described,
  params: GivenParameters,
  chains: NonNullable<SettingLink['chains']>,
): SettingLink {
  const { id, label, version, strength, moves = false } = plugin;
  const misaligns = plugin.misaligns?.(params) ?? moves;
  return {
    id,
    name: label,
    version,
    params,
    ...(strength && { strength }),
    ...(misaligns && { misaligns: true as const }),
    ...comparisonFields(plugin, params),
    ...(Object.keys(chains).length > 0 && { chains }),
  };
}

/** An entry is a call or chain in a string, or a map of one plug-in to its parameters. */
function callsOf(kind: PluginKind, entry: unknown, placeAt: PlaceAt): readonly RawCall[] {
  if (typeof entry === 'string') return parseChain(entry, placeAt([]));
  const pairs = isRecord(entry) ? Object.entries(entry) : [];
  const [id, params] = pairs[0] ?? [];
  if (pairs.length !== 1 || id === undefined || !(params === null || isRecord(params))) {
    throw expected("'name', 'name(parameter=value)' or one 'name: { parameter: value }'", kind, entry, {
      place: placeAt([]),
    });
  }
  const placeOf: PlaceOf = (parameter) => placeAt(parameter === undefined ? [id] : [id, parameter]);
  return [{ id, params: params ?? {}, placeOf }];
}

/** Every combination of the swept parameters, the first one varying slowest. */
function sweep(plugin: PluginBase, params: GivenParameters, placeOf: PlaceOf): GivenParameters[] {
  const { zip, ...rest } = params;
  const axes: GivenParameters[][] = Object.entries(rest).map(([name, value]) =>
    isSwept(plugin, name, value) ? value.map((each) => ({ [name]: each })) : [{ [name]: value }],
  );
  if (zip !== undefined) axes.push(zipped(plugin, zip, placeOf('zip')));
  assertFew(plugin.id, axes, placeOf());
  return cross(axes).map((choice) => Object.assign({}, ...choice));
}

/** Counts what `cross` would make, before it does. @throws EXPERIMENT */
function assertFew(field: string, lists: readonly (readonly unknown[])[], place: Place | undefined): void {
  const count = lists.reduce((product, { length }) => product * length, 1);
  if (count > MOST_SETTINGS) throw tooManySettings(field, count, MOST_SETTINGS, place);
}

/** Limit for one entry: each of its settings is a row of cells. */
const MOST_SETTINGS = 10_000;

/** A list is swept, unless the parameter itself takes a list and takes this one. */
function isSwept(plugin: PluginBase, name: string, value: unknown): value is unknown[] {
  return Array.isArray(value) && plugin.params.shape[name]?.safeParse(value).success !== true;
}

function zipped(plugin: PluginBase, zip: unknown, place: Place | undefined): GivenParameters[] {
  const field = `${plugin.id}.zip`;
  if (!isRecord(zip) || !Object.values(zip).every(Array.isArray)) {
    throw expected('a map of parameters to lists', field, zip, { place });
  }
  const lists = Object.entries(zip as Record<string, unknown[]>);
  const lengths = lists.map(([, list]) => list.length);
  if (new Set(lengths).size > 1)
    throw unevenZip(
      field,
      lists.map(([name]) => name),
      lengths,
      place,
    );
  return Array.from({ length: lengths[0] ?? 0 }, (_, i) =>
    Object.fromEntries(lists.map(([name, list]) => [name, list[i]])),
  );
}

/** The cross product, the first list varying slowest. */
export function cross<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>(
    (done, list) => done.flatMap((head) => list.map((item) => [...head, item])),
    [[]],
  );
}
