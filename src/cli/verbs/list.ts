/** @file `craquelure list`: the registries. */
import type { PluginBase } from '../../plugin/define.ts';
import { print, printJson, styled } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

const KINDS = ['protections', 'attacks', 'metrics', 'models', 'datasets'] as const;

export const list = defineVerb({
  command: 'list <what>',
  describe: 'list protections, attacks, metrics, models or datasets',
  positionals: (yargs) =>
    yargs.positional('what', { choices: KINDS, demandOption: true, describe: 'registry to list' }),
  options: { json },
  handler: async ({ what, json: asJson }) => {
    if (what === 'datasets') return listDatasets(asJson);
    if (what === 'models') return (await import('./models.ts')).listModels(asJson);
    const { defaultParameters, describeParameters } = await import('../../plugin/parameters.ts');
    const plugins = await registryOf(what);
    if (asJson) {
      printJson(
        plugins.map((plugin) => {
          const needs = plugin.needs(defaultParameters(plugin)).map(({ role }) => role);
          return { ...facts(plugin), needs, params: describeParameters(plugin) };
        }),
      );
      return;
    }
    for (const plugin of plugins) {
      const able = [hasGraph(plugin) && 'as ONNX graph', 'learns' in plugin && 'learns'].filter(Boolean);
      print(
        `${styled('bold', plugin.id)}  ${plugin.summary}${able.length === 0 ? '' : ` (${able.join(', ')})`}`,
      );
      for (const { name, accepts, description, default: preset } of describeParameters(plugin)) {
        const without = preset === undefined ? 'none' : JSON.stringify(preset);
        print(`    ${name}: ${accepts}; ${description} (default ${without})`);
      }
    }
  },
});

async function listDatasets(asJson: boolean): Promise<void> {
  const { describeAtelier, listManifests } = await import('../../datasets/list.ts');
  const manifests = await listManifests('datasets');
  const atelier = describeAtelier();
  if (asJson) return printJson({ manifests, atelier });
  for (const { path, pictures, artists, licences } of manifests) {
    print(`${styled('bold', path)}  ${pictures} pictures by ${artists.join(', ')}; ${licences.join(', ')}`);
  }
  print(
    `${styled('bold', 'atelier')}  synthetic paintings: { atelier: { count: 12, size: 256, painters: [...], motifs: [...], seed: 0 } }`,
  );
  print(`    painters: ${atelier.painters.join(', ')}`);
  print(`    motifs: ${atelier.motifs.join(', ')}`);
}

async function registryOf(what: 'protections' | 'attacks' | 'metrics'): Promise<readonly PluginBase[]> {
  switch (what) {
    case 'protections':
      return Object.values((await import('../../protections/index.ts')).protections);
    case 'attacks':
      return Object.values((await import('../../attacks/index.ts')).attacks);
    case 'metrics':
      return Object.values((await import('../../metrics/index.ts')).metrics);
  }
}

function facts({ id, label, summary, reference, version, random, ...rest }: PluginBase): object {
  const plain = Object.entries(rest).filter(
    ([name, value]) => name !== 'params' && name !== 'learns' && typeof value !== 'function',
  );
  const able = { ...(hasGraph(rest) && { graph: true }), ...('learns' in rest && { learns: true }) };
  return { id, label, summary, reference, version, random, ...Object.fromEntries(plain), ...able };
}

/** Attacks that can be written as an ONNX graph. */
const hasGraph = (plugin: object): boolean => 'graph' in plugin;
