/** @file `craquelure list`: the plug-ins of a kind, or the parameters of one. */
import { listedElsewhere, unknownName } from '../../messages/index.ts';
import type { PluginBase } from '../../plugin/define.ts';
import { note, print, printJson, tableWithin, wrapped, wrappedTable } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

const KINDS = ['protections', 'attacks', 'metrics'] as const;

type Kind = (typeof KINDS)[number];

export const list = defineVerb({
  command: 'list <what>',
  describe: 'list protections, attacks or metrics, or the parameters of one of them',
  positionals: (yargs) =>
    yargs.positional('what', {
      type: 'string',
      demandOption: true,
      describe: 'protections, attacks, metrics, or the id of one of them',
    }),
  needs: { what: 'protections, attacks, metrics or an id', example: 'craquelure list attacks' },
  options: { json },
  examples: [
    ['$0 list attacks', 'list all attacks'],
    ['$0 list jpeg', 'show the parameters of one attack'],
  ],
  handler: async ({ what, json: asJson }) => {
    if (what === 'models' || what === 'datasets') throw listedElsewhere(what);
    const kind = KINDS.find((each) => each === what);
    if (kind !== undefined) return listKind(kind, asJson);
    const named = await pluginsNamed(what);
    if (asJson) return printJson(await Promise.all(named.map(([, plugin]) => described(plugin))));
    for (const [of, plugin] of named) await showPlugin(of, plugin);
  },
});

async function listKind(kind: Kind, asJson: boolean): Promise<void> {
  const plugins = await registryOf(kind);
  if (asJson) return printJson(await Promise.all(plugins.map(described)));
  const withGraph = plugins.some(hasGraph);
  const rows = plugins.map((plugin) => [
    plugin.id,
    ...(withGraph ? [hasGraph(plugin) ? 'yes' : ''] : []),
    plugin.summary,
  ]);
  print(tableWithin([kind.slice(0, -1), ...(withGraph ? ['graph'] : []), 'what it does'], rows));
  if (withGraph) note('\ngraph: can be written as an ONNX graph, so protections can be optimised through it');
  note(`\nTo see the parameters of one: craquelure list ${plugins[1]?.id}`);
}

/** The plug-ins with this id; one id may be in two registries. @throws UNKNOWN_PLUGIN if there is none */
async function pluginsNamed(id: string): Promise<readonly (readonly [Kind, PluginBase])[]> {
  const all = await Promise.all(
    KINDS.map(async (kind) => (await registryOf(kind)).map((plugin) => [kind, plugin] as const)),
  );
  const named = all.flat().filter(([, plugin]) => plugin.id === id);
  if (named.length > 0) return named;
  const ids = [...new Set(all.flat().map(([, plugin]) => plugin.id))];
  throw unknownName('protection, attack or metric', id, [...KINDS, ...ids]);
}

async function showPlugin(kind: Kind, plugin: PluginBase): Promise<void> {
  const { describeParameters } = await import('../../plugin/parameters.ts');
  const { id, label, summary, reference, version } = plugin;
  print(`${id} (${kind.slice(0, -1)}, version ${version})`);
  print(wrapped(summary, 2));
  print(wrapped(`Name in figures: ${label}`, 2));
  print(wrapped(`Source: ${reference}`, 2));
  for (const remark of await remarksOn(plugin)) print(wrapped(remark, 2));
  const parameters = describeParameters(plugin);
  if (parameters.length === 0) return print('\n  no parameters\n');
  const rows = parameters.map(({ name, accepts, description, default: preset }) => [
    name,
    preset === undefined ? '' : plain(preset),
    accepts,
    description,
  ]);
  print(`\n${wrappedTable(['parameter', 'default', 'values', 'meaning'], rows, [24, 16, 26])}\n`);
}

async function remarksOn(plugin: PluginBase): Promise<readonly string[]> {
  const { defaultParameters } = await import('../../plugin/parameters.ts');
  const roles = plugin.needs(defaultParameters(plugin)).map(({ role }) => role);
  return [
    ...(roles.length > 0 ? [`Models, with default parameters: ${roles.join(', ')}`] : []),
    ...(hasGraph(plugin)
      ? ['Can be written as an ONNX graph, so protections can be optimised through it.']
      : []),
    ...('training' in plugin
      ? ['Is trained on images with and without the protection, so it runs only in an experiment.']
      : []),
  ];
}

const plain = (value: unknown): string => (typeof value === 'string' ? value || "''" : JSON.stringify(value));

async function registryOf(kind: Kind): Promise<readonly PluginBase[]> {
  switch (kind) {
    case 'protections':
      return Object.values((await import('../../protections/index.ts')).protections);
    case 'attacks':
      return Object.values((await import('../../attacks/index.ts')).attacks);
    case 'metrics':
      return Object.values((await import('../../metrics/index.ts')).metrics);
  }
}

/** A plug-in for `--json`; `needs` are the roles with default parameters. */
async function described(plugin: PluginBase): Promise<object> {
  const { defaultParameters, describeParameters } = await import('../../plugin/parameters.ts');
  const needs = plugin.needs(defaultParameters(plugin)).map(({ role }) => role);
  return { ...facts(plugin), needs, params: describeParameters(plugin) };
}

function facts({ id, label, summary, reference, version, random, ...rest }: PluginBase): object {
  const others = Object.entries(rest).filter(
    ([name, value]) => name !== 'params' && name !== 'training' && typeof value !== 'function',
  );
  const able = { ...(hasGraph(rest) && { graph: true }), ...('training' in rest && { trained: true }) };
  return { id, label, summary, reference, version, random, ...Object.fromEntries(others), ...able };
}

/** Attacks that can be written as an ONNX graph. */
const hasGraph = (plugin: object): boolean => 'graph' in plugin;
