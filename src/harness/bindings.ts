/**
 * @file From the settings of plug-ins that need networks to the models that play their roles: found before anything runs,
 * and written into the settings, so that job keys and cells carry the models' hashes.
 */
import { attacks } from '../attacks/index.ts';
import { metrics } from '../metrics/index.ts';
import type { ModelChoices, RoleChoice } from '../models/choice.ts';
import { modelHome } from '../models/home.ts';
import type { OpenOptions } from '../models/open.ts';
import type { ModelRole } from '../models/roles.ts';
import { type Need, type ResolvedModel, resolveNeeds } from '../models/resolve.ts';
import { openShelf } from '../models/shelf.ts';
import { isVectorRole } from '../models/vectors.ts';
import type { PluginBase } from '../plugin/define.ts';
import { type PluginKind, type Registry, resolvePlugin } from '../plugin/resolve.ts';
import { protections } from '../protections/index.ts';
import { type ModelsOf, modelsFrom } from './execute.ts';
import type { LinkedModel, Setting, SettingLink } from './run-folder.ts';

/** A setting and what kind of plug-in it is of. */
export type UsedSetting = readonly [kind: PluginKind, setting: Setting];

/** The models of settings. */
export interface Bindings {
  readonly models: readonly ResolvedModel[];
  /** The setting with its models written into its links; one that none were looked for stays as it is. */
  bind<S extends Setting>(kind: PluginKind, setting: S): S;
}

/** Finds a model for every role that the settings need. @throws MODEL listing all that is missing. */
export async function bindModels(
  used: readonly UsedSetting[],
  choices: ModelChoices,
  baseDirs: readonly string[] = [process.cwd()],
): Promise<Bindings> {
  const needs = used.flatMap(([kind, { links }]) => links.flatMap((link) => needsOf(kind, link, choices)));
  const found = await resolveNeeds(needs, choices, { home: modelHome(), baseDirs });
  const modelFor = ({ role, model }: Need): ResolvedModel | undefined =>
    found[needs.findIndex((need) => need.role === role && need.model === model)];

  const bindLink = (kind: PluginKind, link: SettingLink): SettingLink => {
    const models = needsOf(kind, link, choices).map(modelFor);
    if (models.length === 0 || models.includes(undefined)) return link;
    const linked = models.map((model): [string, LinkedModel] => [
      model!.role,
      { id: model!.id, key: model!.key },
    ]);
    const seen = kind === 'metric' ? eyesOf(link, models as ResolvedModel[]) : '';
    return { ...link, name: `${link.name}${seen}`, models: Object.fromEntries(linked) };
  };
  return {
    models: found.filter((model, i) => found.findIndex(sameAs(model)) === i),
    bind: (kind, setting) => {
      const links = setting.links.map((link) => bindLink(kind, link));
      return { ...setting, links, ...protocolOf(setting, links) };
    },
  };
}

/** Models for settings that are used outside any run, opened in this thread. */
export async function openBindings(
  used: readonly UsedSetting[],
  choices: ModelChoices,
  sessions: OpenOptions,
): Promise<Bindings & { readonly modelsOf: ModelsOf; close(): Promise<void> }> {
  const { models, bind } = await bindModels(used, choices);
  const shelf = openShelf(sessions);
  return { models, bind, modelsOf: modelsFrom(shelf, models), close: () => shelf.close() };
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

function needsOf(kind: PluginKind, { id }: SettingLink, choices: ModelChoices): Need[] {
  const { needs, pins = {} } = resolvePlugin(kind, REGISTRIES[kind], id);
  return needs.map((role) => ({ role, by: id, model: pinned(pins[role], choices[role]) }));
}

/** Of several models that a name may mean, the one that was chosen for the role, else the first. */
function pinned(
  pin: string | readonly string[] | undefined,
  choice: RoleChoice | undefined,
): string | undefined {
  if (pin === undefined || typeof pin === 'string') return pin;
  return pin.find((id) => choice?.kind === 'entry' && choice.id === id) ?? pin[0];
}

const REGISTRIES: Readonly<Record<PluginKind, Registry<PluginBase>>> = {
  protection: protections,
  attack: attacks,
  metric: metrics,
};
