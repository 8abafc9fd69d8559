/** The code of docs/guide/add-a-plug-in.md: compiled at the places that it names, and run from a folder of its own. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { attacks, type AttackId } from '../src/attacks/index.ts';
import type { Attack } from '../src/attacks/define.ts';
import { fromBytes, toBytes } from '../src/image/image.ts';
import type { PairMetric } from '../src/metrics/define.ts';
import { parseParameters } from '../src/plugin/parameters.ts';
import type { Protection } from '../src/protections/define.ts';
import { seededRandom } from '../src/random.ts';
import { chainGraph } from '../src/attacks/graph/chain.ts';
import { runTransformation } from '../src/plugin/transformation.ts';
import { openSession } from '../src/runtime/session.ts';
import { randomImage } from './pictures.ts';
import { testDefinitions } from './plugin/registries.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(join(root, 'docs/guide/add-a-plug-in.md'), 'utf8');
const registryFile = 'src/attacks/index.ts';

/** The blocks of code that name a file, by its path in the tree. */
const written = new Map(
  [...guide.matchAll(/^```ts (\S+)\n(.*?)^```$/gms)].map(([, path, code]) => [join(root, path!), code!]),
);

/** The registry with the lines of its block added: imports in front, entries at the head of the record. */
function extendedRegistry(): string {
  const [head, entries] = written.get(join(root, registryFile))!.split('const registry = registryOf({\n');
  const opening = 'const registry = registryOf({\n';
  const text = readFileSync(join(root, registryFile), 'utf8');
  return `${head}${text.replace(opening, `${opening}${entries!.replace('});\n', '')}`)}`;
}

const sources = new Map([...written, [join(root, registryFile), extendedRegistry()]]);

const folder = join(root, 'test', `plug-in-${process.pid}.tmp`);
const copyOf = (path: string): string => join(folder, basename(path));

/** The code with imports that are right for a copy in the folder. */
const moved = (path: string, code: string): string =>
  code.replaceAll(/(?<=from ')\.[^']*(?=')/g, (specifier) => {
    const target = resolve(dirname(path), specifier);
    return sources.has(target) ? copyOf(target) : target;
  });

mkdirSync(folder, { recursive: true });
for (const [path, code] of sources) writeFileSync(copyOf(path), moved(path, code));
afterAll(() => rmSync(folder, { recursive: true }));

const load = async <T>(path: string, name: string): Promise<T> =>
  ((await import(copyOf(join(root, path)))) as Record<string, T>)[name]!;
const gamma = await load<Attack>('src/attacks/filters/gamma.ts', 'gamma');
const stripes = await load<Protection>('src/protections/stripes.ts', 'stripes');
const meanShift = await load<PairMetric>('src/metrics/mean-shift.ts', 'meanShift');
const registry = await load<Record<AttackId | 'gamma', Attack>>(registryFile, 'attacks');
const context = () => ({ random: seededRandom(0) });

describe('the example of an attack', () => {
  it('is in the registry with all others', () => {
    expect(Object.keys(registry)).toEqual(['gamma', ...Object.keys(attacks)]);
    expect(registry.gamma.id).toBe('gamma');
  });

  it('has a graph that gives the same pixels', async () => {
    const image = randomImage(12, 9);
    const params = parseParameters(gamma, { exponent: 2 });
    const made = await chainGraph([{ attack: gamma, params }], image);
    const session = await openSession(made.model, { name: 'gamma' });
    const byGraph = toBytes(await runTransformation(session, made, image, seededRandom(0)));
    expect(byGraph).toEqual(toBytes(await gamma.apply(image, params, context())));
  });

  testDefinitions({ gamma });
});

describe("the example's own tests", async () => {
  await import(copyOf(join(root, 'test/attacks/gamma.test.ts')));
});

describe('the example of a protection', () => {
  it('uses its budget, and no more', async () => {
    const image = fromBytes(16, 2, new Uint8Array(96).fill(100));
    const params = parseParameters(stripes, { level: 'light', width: 2 });
    const changed = toBytes(await stripes.apply(image, params, context()));
    expect(stripes.budget(params)).toEqual({ epsPx: 4 });
    expect([...changed.subarray(0, 15)].map((v) => v - 100)).toEqual([
      ...Array(6).fill(4),
      ...Array(6).fill(-4),
      ...Array(3).fill(4),
    ]);
  });

  testDefinitions({ stripes });
});

describe('the example of a metric', () => {
  it('is the difference of the means', async () => {
    const [dark, light] = [50, 53].map((v) => fromBytes(1, 1, Uint8Array.of(v, v, v)));
    expect(await meanShift.measure(light!, dark!, {}, context())).toBe(3);
  });

  testDefinitions({ 'mean-shift': meanShift });
});

it('all code of the guide compiles where it says that it stands', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (path) => sources.get(resolve(path)) ?? readFile(path);
  host.fileExists = (path) => sources.has(resolve(path)) || fileExists(path);
  const program = ts.createProgram([...sources.keys()], options, host);
  const found = [...sources.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  expect(sources.size).toBe(5);
  expect(ts.formatDiagnostics(found, { ...host, getNewLine: () => '\n' })).toBe('');
});
