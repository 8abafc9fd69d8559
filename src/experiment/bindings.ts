/**
 * @file From the settings of plug-ins that need networks to the models that play their roles: found before anything runs,
 * and written into the settings, so that job keys and cells carry the models' hashes.
 */
import { attacks } from '../attacks/index.ts';
import { CraquelureError } from '../messages/index.ts';
import { metrics } from '../metrics/index.ts';
import { modelsFor } from '../models/catalogue/index.ts';
import type { ModelChoices } from '../models/choice.ts';
import { modelHome } from '../models/home.ts';
import type { OpenOptions } from '../models/open.ts';
import { type Need, type ResolvedModel, resolveNeeds } from '../models/resolve.ts';
import type { ModelRole } from '../models/roles.ts';
import { type ModelPool, openPool, type RoleModels } from '../models/pool.ts';
import { isVectorRole } from '../models/vectors.ts';
import type { PluginBase, RoleNeed } from '../plugin/define.ts';
import { type PluginKind, type Registry, resolvePlugin } from '../plugin/resolve.ts';
import { protections } from '../protections/index.ts';
import { listPictures, type PicturesOf, picturesFrom, type ResolvedPictures } from './references.ts';
import type { LinkedModel, Setting, SettingLink } from './setting.ts';
import type { JobStep } from './step.ts';

/** A setting and what kind of plug-in it is of. */
export type UsedSetting = readonly [kind: PluginKind, setting: Setting];

/** The models of settings. */
export interface Bindings {
  readonly models: readonly ResolvedModel[];
  /** The collections that parameters name. */
  readonly pictures: readonly ResolvedPictures[];
  /** The setting with its models and pictures written into its links; one that none were looked for stays as it is. */
  bind<S extends Setting>(kind: PluginKind, setting: S): S;
}

/**
 * Finds a model for every role that the settings need, and the pictures that their parameters name.
 * @param lenient a metric whose model is missing is bound to the reason, unless all are
 * @throws MODEL listing all that is missing; USAGE, DATASET if pictures are not there.
 */
export async function bindModels(
  used: readonly UsedSetting[],
  choices: ModelChoices,
  baseDirs: readonly string[] = [process.cwd()],
  lenient = false,
): Promise<Bindings> {
  const links = used.flatMap(([kind, { links }]) => links.flatMap((link) => usedLinks(kind, link)));
  const resolve = (needs: readonly Need[]): Promise<ResolvedModel[]> =>
    resolveNeeds(needs, choices, { home: modelHome(), baseDirs });
  const allNeeds = links.map(({ kind, link }) => needsOf(kind, link, choices));
  const absent = lenient ? await metricsWithout(links, allNeeds, resolve) : new Map<SettingLink, string>();
  const needs = allNeeds.filter((_, i) => !absent.has(links[i]!.link)).flat();
  const found = await resolve(needs);
  const modelFor = ({ role, model }: Need): ResolvedModel | undefined =>
    found[needs.findIndex((need) => need.role === role && need.model === model)];
  const named = new Map<string, ResolvedPictures>();
  for (const { kind, link } of links) {
    for (const [, text] of namesOf(kind, link)) {
      if (!named.has(text)) named.set(text, await listPictures(text, baseDirs));
    }
  }

  const programs = new Map<SettingLink, SettingLink['programs']>();
  for (const { kind, link } of links) programs.set(link, await programsOf(kind, link));

  const bindLink = (kind: PluginKind, given: SettingLink): SettingLink => {
    const versions = programs.get(given);
    const chains = mapChains(given, (each) => bindLink('attack', each));
    const link = { ...given, ...(versions && { programs: versions }), ...(chains && { chains }) };
    const reason = absent.get(given);
    const bound = {
      ...bindPictures(link, namesOf(kind, link), named),
      ...(reason !== undefined && { absent: reason }),
    };
    const models = needsOf(kind, link, choices).map(modelFor);
    if (models.length === 0 || models.includes(undefined)) return bound;
    const seen = kind === 'metric' ? eyesOf(link, models as ResolvedModel[]) : '';
    return { ...bound, name: `${link.name}${seen}`, models: linkedModels(models as ResolvedModel[]) };
  };
  return {
    pictures: [...named.values()],
    models: found.filter((model, i) => found.findIndex(sameAs(model)) === i),
    bind: (kind, setting) => {
      const links = setting.links.map((link) => bindLink(kind, link));
      return { ...setting, links, ...protocolOf(setting, links) };
    },
  };
}

/** A link and those of the chains of attacks that its parameters name. */
const usedLinks = (kind: PluginKind, link: SettingLink): { kind: PluginKind; link: SettingLink }[] => [
  { kind, link },
  ...Object.values(link.chains ?? {}).flatMap((chains) =>
    chains.flat().flatMap((each) => usedLinks('attack', each)),
  ),
];

/** The chains that a link's parameters name, each of their links replaced. */
const mapChains = (
  { chains }: SettingLink,
  f: (link: SettingLink) => SettingLink,
): SettingLink['chains'] | undefined =>
  chains &&
  Object.fromEntries(
    Object.entries(chains).map(([parameter, named]) => [parameter, named.map((links) => links.map(f))]),
  );

/** Metrics whose model is missing, and why. If every metric lacks its model the map is empty: then the run is refused. */
async function metricsWithout(
  links: readonly { readonly kind: PluginKind; readonly link: SettingLink }[],
  needs: readonly (readonly Need[])[],
  resolve: (needs: readonly Need[]) => Promise<unknown>,
): Promise<Map<SettingLink, string>> {
  const absent = new Map<SettingLink, string>();
  const asked = new Map(links.flatMap(({ kind, link }, i) => (kind === 'metric' ? [[link, needs[i]!]] : [])));
  for (const [link, own] of asked) {
    try {
      await resolve(own);
    } catch (error) {
      if (!(error instanceof CraquelureError) || error.code !== 'MODEL') throw error;
      absent.set(link, error.message);
    }
  }
  return absent.size < asked.size ? absent : new Map();
}

/** From a step to what plays the roles that its plug-in needs. */
export type ModelsOf = (step: Pick<JobStep, 'models'>) => RoleModels;

/** Finds models by the keys that steps name, and opens them on a pool. */
export function modelsFrom(pool: ModelPool, available: readonly ResolvedModel[]): ModelsOf {
  return ({ models = {} }) =>
    pool.of(
      Object.entries(models).flatMap(([role, keys]) =>
        keys
          .split('+')
          .flatMap((key) => available.find((model) => model.role === role && model.key === key) ?? []),
      ),
    );
}

/** Models for settings that are used outside any run, opened in this thread. */
export async function openBindings(
  used: readonly UsedSetting[],
  choices: ModelChoices,
  sessions: OpenOptions,
): Promise<
  Bindings & { readonly modelsOf: ModelsOf; readonly picturesOf: PicturesOf; close(): Promise<void> }
> {
  const bindings = await bindModels(used, choices);
  const pool = openPool(sessions);
  return {
    ...bindings,
    modelsOf: modelsFrom(pool, bindings.models),
    picturesOf: picturesFrom(bindings.pictures),
    close: () => pool.close(),
  };
}

/** What plays each role; several models in one are linked as one. */
function linkedModels(models: readonly ResolvedModel[]): Partial<Record<ModelRole, LinkedModel>> {
  const linked: Partial<Record<ModelRole, LinkedModel>> = {};
  for (const { role, id, key } of models) {
    const before = linked[role];
    linked[role] = before ? { id: `${before.id} + ${id}`, key: `${before.key}+${key}` } : { id, key };
  }
  return linked;
}

/** The link with the keys of the pictures that its parameters name; with none that were not looked for. */
function bindPictures(
  link: SettingLink,
  names: readonly (readonly [parameter: string, text: string])[],
  named: ReadonlyMap<string, ResolvedPictures>,
): SettingLink {
  if (names.length === 0 || names.some(([, text]) => !named.has(text))) return link;
  const keys = names.map(([parameter, text]) => [parameter, named.get(text)!.key]);
  return { ...link, pictures: Object.fromEntries(keys) };
}

/** Versions of the programs that a link calls, where it calls any that are there. */
async function programsOf(kind: PluginKind, { id, params }: SettingLink): Promise<SettingLink['programs']> {
  const versions = await resolvePlugin(kind, REGISTRIES[kind], id).programs?.(params);
  return versions !== undefined && Object.keys(versions).length > 0 ? versions : undefined;
}

/** Parameters that name pictures, and what they say. */
function namesOf(kind: PluginKind, { id, params }: SettingLink): (readonly [string, string])[] {
  const { refers = {} } = resolvePlugin(kind, REGISTRIES[kind], id);
  return Object.entries(refers).flatMap(([parameter, reference]) => {
    const text = params[parameter];
    return reference === 'pictures' && typeof text === 'string' ? [[parameter, text] as const] : [];
  });
}

/** Whose features a metric is about, where its own name does not say: ` (squeezenet1.1)`. */
function eyesOf({ id }: SettingLink, models: readonly ResolvedModel[]): string {
  const { pins = {} } = resolvePlugin<PluginBase>('metric', metrics, id);
  const open = models.filter(({ role }) => isVectorRole(role) && typeof pins[role] !== 'string');
  return open.length === 0 ? '' : ` (${open.map((model) => model.id).join(', ')})`;
}

/** A metric's protocol is not complete without the network that was chosen for it. */
function protocolOf(setting: Setting, links: readonly SettingLink[]): { protocol?: string } {
  if (!('protocol' in setting)) return {};
  const { pins = {} } = resolvePlugin<PluginBase>('metric', metrics, links[0]!.id);
  const isOpen = (role: string): boolean => typeof pins[role as ModelRole] !== 'string';
  const chosen = Object.entries(links[0]!.models ?? {}).filter(([role]) => isOpen(role));
  const named = chosen.map(([role, { id, key }]) => `; ${role}: ${id} (${key.slice(0, 8)})`);
  return { protocol: `${setting.protocol}${named.join('')}` };
}

const sameAs = (model: ResolvedModel) => (other: ResolvedModel) =>
  other.key === model.key && other.role === model.role;

function needsOf(kind: PluginKind, { id, params }: SettingLink, choices: ModelChoices): Need[] {
  const plugin = resolvePlugin(kind, REGISTRIES[kind], id);
  return plugin
    .needs(params)
    .filter(isPlayed(choices))
    .flatMap(({ role, models = [] }) => {
      if (models.length === 0) return [{ role, by: id, model: pinned(plugin, role, choices) }];
      return models.map((model) => ({ role, by: id, model }));
    });
}

/** An optional role is left out if nobody chose a model for it and the package ships none. */
const isPlayed =
  (choices: ModelChoices) =>
  ({ role, optional = false }: RoleNeed): boolean =>
    !optional || choices[role] !== undefined || modelsFor(role).some(({ embedded }) => embedded);

/**
 * If a name may mean several models: the one that was chosen for the role, or for another role that the name pins, because
 * the two halves of a CLIP belong together. Otherwise the first.
 */
function pinned(
  { pins = {} }: Pick<PluginBase, 'pins'>,
  role: ModelRole,
  choices: ModelChoices,
): string | undefined {
  const pin = pins[role];
  if (pin === undefined || typeof pin === 'string') return pin;
  const chosen = [role, ...(Object.keys(pins) as ModelRole[])].map((each) => choices[each]);
  const named = chosen.flatMap((choice) => (choice?.kind === 'entry' ? [choice.id] : []));
  return named.find((id) => pin.includes(id)) ?? pin[0];
}

const REGISTRIES: Readonly<Record<PluginKind, Registry<PluginBase>>> = {
  protection: protections,
  attack: attacks,
  metric: metrics,
};
