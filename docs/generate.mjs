/**
 * @file Writes the generated pages of docs/reference/ from the built program: registries, catalogue, commands and the schema of
 * experiment files. `npm run docs:reference` writes them in place; another folder may be named: node docs/generate.mjs FOLDER.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attacks } from '../dist/attacks/index.js';
import { experimentJsonSchema } from '../dist/experiment/schema.js';
import { metrics } from '../dist/metrics/index.js';
import { catalogue, modelsFor } from '../dist/models/catalogue/index.js';
import { ROLE_GROUPS, ROLES } from '../dist/models/roles.js';
import { defaultParameters, describeParameters } from '../dist/plugin/parameters.js';
import { protections } from '../dist/protections/index.js';

const MADE =
  '<!-- Made by `npm run docs:reference` from the program. To change this page, change the source. -->';

/** A cell of a table: on one line, with bars and angle brackets escaped outside of code. */
const cell = (text) =>
  String(text)
    .replaceAll('\n', ' ')
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '&lt;')))
    .join('')
    .replaceAll('|', '\\|');

function table(header, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text) => `\`${text}\``;
const codes = (texts) => texts.map(code).join(', ');
const link = (id) => `[${code(id)}](#${id.replaceAll('.', '')})`;
const items = (facts) =>
  facts
    .filter(([, value]) => value)
    .map(([name, value]) => `- ${name}: ${cell(value)}`)
    .join('\n');
const page = (...parts) => `${[MADE, ...parts.filter(Boolean)].join('\n\n')}\n`;

/** A default as a setting would write it; empty if there is none. */
function preset(value) {
  if (value === undefined) return '';
  return code(value === '' ? "''" : typeof value === 'string' ? value : JSON.stringify(value));
}

// Plug-ins

/** All parameters of a plug-in, or what is different from an earlier one that has almost the same. */
function parameterTable(plugin, earlier) {
  const described = describeParameters(plugin);
  if (described.length === 0) return 'It has no parameters.';
  const [nearest] = earlier
    .map((each) => [each, differences(describeParameters(each), described)])
    .filter(([, others]) => others !== undefined && others.length < described.length / 2)
    .sort(([, a], [, b]) => a.length - b.length);
  const rows = (nearest?.[1] ?? described).map((each) => [
    code(each.name),
    preset(each.default),
    each.accepts,
    each.description,
  ]);
  if (nearest !== undefined && rows.length === 0)
    return `Its parameters are those of ${link(nearest[0].id)}.`;
  return [
    ...(nearest ? [`Its parameters are those of ${link(nearest[0].id)}, except for these:`] : []),
    table(['parameter', 'default', 'values', 'meaning'], rows),
  ].join('\n\n');
}

/** The parameters that are not among the earlier ones as they are; undefined if an earlier one is missing. */
function differences(earlier, described) {
  if (earlier.length === 0 || !earlier.every(({ name }) => described.some((each) => each.name === name)))
    return;
  return described.filter((each) => !earlier.some((other) => equal(other, each)));
}

const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function pluginSection(plugin, earlier) {
  const roles = [...new Set(plugin.needs(defaultParameters(plugin)).map(({ role }) => role))];
  const pinned = Object.entries(plugin.pins ?? {}).map(
    ([role, ids]) => `${role}: ${[ids].flat().join(' or ')}`,
  );
  return [
    `## \`${plugin.id}\``,
    plugin.summary,
    items([
      ['Name in figures', plugin.label],
      ['Source', plugin.reference],
      ['Models, with default parameters', codes(roles)],
      ['Only with these models', pinned.join('; ')],
      ['Random numbers', plugin.random && 'yes'],
      ['ONNX graph', plugin.graph && 'yes, so protections can be optimised through it'],
      ['Training', plugin.training && 'on pairs of the protection, so it runs only in an experiment'],
      ['Kind', plugin.kind],
      ['Measures', plugin.measures],
      ['Unit', plugin.unit],
      ['Better', plugin.kind && (plugin.higherIsBetter ? 'higher' : 'lower')],
      ['Protocol', plugin.protocol],
      ['Version', plugin.version],
    ]),
    parameterTable(plugin, earlier),
  ].join('\n\n');
}

const EVERY_PLUGIN = `A setting is written \`name\` or \`name(parameter=value)\`; [the guide](../guide/experiments.md) explains
sweeps and chains. \`craquelure list NAME\` prints the same tables.`;

function pluginPage(title, registry, guide) {
  const plugins = Object.values(registry);
  return page(
    `# ${title}`,
    `${EVERY_PLUGIN} ${guide}`,
    table(
      [title.toLowerCase().slice(0, -1), 'what it does'],
      plugins.map(({ id, summary }) => [link(id), summary]),
    ),
    ...plugins.map((plugin, i) => pluginSection(plugin, plugins.slice(0, i))),
  );
}

// Models

const megabytes = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`);

function modelSection(entry) {
  const files = Object.entries(entry.files).map(([name, { bytes }]) =>
    bytes === undefined ? code(name) : `${code(name)} (${megabytes(bytes)})`,
  );
  return [
    `## \`${entry.id}\``,
    entry.summary,
    items([
      ['Roles', codes(Object.keys(entry.roles))],
      ['Source', entry.source],
      ['Licence', entry.licence],
      ['Precision of the weights', entry.dtype],
      ['Protocol', entry.protocol],
      ['Files', files.join(', ')],
      ['How to get it', howToGet(entry)],
    ]),
  ].join('\n\n');
}

const isPublished = ({ files }) => Object.values(files).every(({ url }) => url !== undefined);

function howToGet(entry) {
  if (entry.embedded) return 'it comes with the program';
  return isPublished(entry) ? `\`craquelure models pull ${entry.id}\`` : entry.obtain;
}

function modelPage() {
  const roles = Object.entries(ROLES).map(([role, { summary }]) => {
    const [first] = modelsFor(role).filter(({ embedded }) => embedded);
    return [code(role), summary, first ? code(first.id) : '', codes(modelsFor(role).map(({ id }) => id))];
  });
  const groups = Object.entries(ROLE_GROUPS).map(([name, members]) => [code(name), codes(members)]);
  return page(
    '# Models',
    'A plug-in asks for a role, and `--model ROLE=MODEL` chooses the model. [The guide](../guide/models.md) says how.',
    '## Roles',
    table(['role', 'interface', 'default', 'models'], roles),
    'These names stand for several roles:',
    table(['name', 'roles'], groups),
    ...catalogue.map(modelSection),
  );
}

// Commands

/** The options and positionals that a command declares, in the order in which it declares them. */
function declared(verb) {
  const found = { positionals: [], options: [], examples: [] };
  const recorder = {
    positional: (name, options) => {
      found.positionals.push([name, options]);
      return recorder;
    },
    options: (options) => {
      found.options.push(...Object.entries(options));
      return recorder;
    },
    example: (examples) => {
      found.examples.push(...examples);
      return recorder;
    },
  };
  verb.builder(recorder);
  return found;
}

function optionValues({ choices, type, array, demandOption }) {
  const what = choices ? choices.map(code).join(', ') : type === 'boolean' ? 'true or false' : type;
  return [what, array && 'repeatable', demandOption && 'required'].filter(Boolean).join('; ');
}

function commandSection(verb) {
  const { positionals, options, examples } = declared(verb);
  const rows = (entries, prefix) =>
    entries.map(([name, option]) => [
      code(`${prefix}${name}`),
      option.default === undefined || equal(option.default, []) ? '' : preset(option.default),
      optionValues(option),
      option.describe,
    ]);
  const all = [...rows(positionals, ''), ...rows(options, '--')];
  const shown = examples.map(([command, what]) => `# ${what}\n${command.replace('$0', 'craquelure')}`);
  return [
    `## \`craquelure ${verb.command}\``,
    `${verb.describe[0].toUpperCase()}${verb.describe.slice(1)}.`,
    ...(all.length > 0 ? [table(['argument', 'default', 'values', 'meaning'], all)] : []),
    ...(shown.length > 0 ? [`\`\`\`sh\n${shown.join('\n')}\n\`\`\``] : []),
  ].join('\n\n');
}

async function commandPage() {
  const folder = new URL('../dist/cli/verbs/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.js')).sort();
  const modules = await Promise.all(files.map((name) => import(new URL(name, folder).href)));
  const verbs = modules.flatMap((module) =>
    Object.values(module).filter((each) => each.command !== undefined),
  );
  const anchor = (command) => `craquelure-${command.replaceAll(/[^a-z -]/g, '').replaceAll(' ', '-')}`;
  return page(
    '# Command line',
    'From a clone of the repository, write `npx craquelure` or `node dist/cli/main.js`. Every command has `--help`.',
    table(
      ['command', 'what it does'],
      verbs.map(({ command, describe }) => [`[\`${command.split(' ')[0]}\`](#${anchor(command)})`, describe]),
    ),
    EXIT_CODES,
    ENVIRONMENT,
    ...verbs.map(commandSection),
  );
}

const EXIT_CODES = `## Exit codes

${table(
  ['code', 'meaning'],
  [
    ['0', 'done'],
    ['1', 'failed'],
    ['2', 'wrong usage, or a mistake in the experiment file'],
    ['3', 'finished, but some cells or files failed'],
    ['130', 'interrupted'],
  ],
)}`;

const ENVIRONMENT = `## Environment variables

${table(
  ['variable', 'meaning'],
  [
    ['`CRAQUELURE_STORE`', 'folder of the artefact store (default: `.craquelure/store`)'],
    ['`CRAQUELURE_DATA`', 'folders with the images of manifests, in addition to the folder of each manifest'],
    ['`CRAQUELURE_MODELS`', 'folders with model files; they are only read'],
    ['`CRAQUELURE_CACHE`', 'folder for downloads (default: the cache folder of the system)'],
    ['`HF_ENDPOINT`', 'mirror of the Hugging Face hub'],
    ['`HF_TOKEN`', 'token for models on the hub that need one'],
    ['`CRAQUELURE_DEBUG`', 'if set, an unexpected error prints where it happened'],
    ['`NO_COLOR`', 'if set, no colours are printed'],
  ],
)}`;

// The experiment file

/** What a JSON Schema accepts, in a few words. */
function accepts(schema) {
  if (schema.$ref !== undefined) return 'a model';
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum) return codes(schema.enum);
  if (schema.anyOf?.length === 2 && equal(accepts(schema.anyOf[0]), accepts(schema.anyOf[1].items ?? {})))
    return `${accepts(schema.anyOf[0])}; or a list`;
  if (schema.anyOf) return [...new Set(schema.anyOf.map(accepts))].join(' or ');
  switch (schema.type) {
    case 'array':
      return schema.items.properties ? 'list of maps' : `list of: ${accepts(schema.items)}`;
    case 'object':
      return 'map';
    case 'string':
      return 'text';
    default:
      return `${schema.type}${range(schema)}`;
  }
}

function range({ minimum, maximum }) {
  const bounded = [minimum, maximum].filter((bound) => bound !== undefined && Math.abs(bound) < 2 ** 53 - 1);
  return bounded.length === 2
    ? `, ${minimum} to ${maximum}`
    : bounded.length === 1
      ? `, at least ${minimum}`
      : '';
}

const fieldTable = (schema, shown = {}) =>
  table(
    ['field', 'default', 'values', 'meaning'],
    Object.entries(schema.properties).map(([name, field]) => [
      `${code(name)}${schema.required?.includes(name) && field.default === undefined ? ' (required)' : ''}`,
      equal(field.default, [])
        ? ''
        : equal(field.default, field.anyOf?.[0].enum)
          ? 'all'
          : preset(field.default),
      shown[name] ?? accepts(field),
      field.description ?? '',
    ]),
  );

const ENTRIES = 'list of settings';

function experimentPage() {
  const schema = experimentJsonSchema();
  const { dataset, verdict, only } = schema.properties;
  const forms = dataset.anyOf.filter(({ properties }) => properties !== undefined);
  const atelier = forms.flatMap(({ properties }) =>
    properties.atelier?.properties ? [properties.atelier] : [],
  )[0];
  return page(
    '# Experiment file',
    '[The guide](../guide/experiments.md) explains how to write one. `schema/experiment.schema.json` tells editors the same fields.',
    '## Fields',
    fieldTable(schema, {
      dataset: 'text, or a map as below',
      protections: ENTRIES,
      attacks: ENTRIES,
      metrics: ENTRIES,
      models: 'map from roles to models',
    }),
    '## `dataset`',
    'A text is the path of a manifest or folder, or a call such as `atelier(count=12)`. A map has one of these fields:',
    table(
      ['field', 'values', 'meaning'],
      forms.flatMap(({ properties }) =>
        Object.entries(properties).map(([name, field]) => [
          code(name),
          accepts(field),
          field.description ?? 'parameters of the generator, see below',
        ]),
      ),
    ),
    'The fields of `atelier`:',
    fieldTable(atelier),
    '## `models`',
    `The roles are ${codes(Object.keys(schema.properties.models.properties))}. [Models](models.md) lists what can play them.`,
    '## `verdict`',
    'A change of these fields changes the report and no measurement.',
    fieldTable(verdict),
    '## `only` and `except`',
    'A pattern has one or more of these fields, and a cell matches if all of them match.',
    fieldTable(only.items),
  );
}

/** Every generated page, by its name. */
const referencePages = async () => ({
  'protections.md': pluginPage(
    'Protections',
    protections,
    'See also [how protections work](../guide/protections.md).',
  ),
  'attacks.md': pluginPage('Attacks', attacks, 'See also [how attacks work](../guide/attacks.md).'),
  'metrics.md': pluginPage('Metrics', metrics, 'See also [how metrics work](../guide/metrics.md).'),
  'models.md': modelPage(),
  'command-line.md': await commandPage(),
  'experiment-file.md': experimentPage(),
});

const folder = process.argv[2] ?? fileURLToPath(new URL('reference/', import.meta.url));
await mkdir(folder, { recursive: true });
for (const [name, text] of Object.entries(await referencePages())) await writeFile(join(folder, name), text);
