/**
 * @file The experiment file: what it may say (as a schema that editors can use, too), and how it is read. Every
 * mistake is found before anything runs, each with file, line and the fix.
 */
import { z } from 'zod';
import { type DatasetSpec, datasetSchema } from '../datasets/open.ts';
import {
  CraquelureError,
  expected,
  noCellsLeft,
  unknownName,
  unreadableExperiment,
} from '../messages/index.ts';
import { THRESHOLDS } from '../stats/verdict.ts';
import { type ModelChoices, modelsSchema, parseModelChoices } from '../models/choice.ts';
import { expandMatrix, type MatrixAxes } from './cells.ts';
import { readDataset } from './dataset.ts';
import { Mistakes } from './mistakes.ts';
import type { Cell, Setting } from './setting.ts';
import type { VerdictRule } from './verdict-rule.ts';
import { sha256 } from '../files/hashes.ts';
import { readText } from '../files/text.ts';
import { attackSettings, metricSettings, type PlaceAt, protectionSettings } from './settings.ts';
import { parseYaml, type YamlFile, type YamlPath } from './yaml-file.ts';

/** An experiment, checked: a matrix and the pictures it runs on. */
export interface Experiment extends MatrixAxes {
  readonly name: string;
  readonly description?: string;
  readonly dataset: DatasetSpec;
  /** Which model plays which role; a role that is not here has the embedded default, if any. */
  readonly models: ModelChoices;
  /** How verdicts are read off; the report's defaults for what is not here. */
  readonly verdict?: VerdictRule;
  readonly source: { readonly file: string; readonly sha256: string; readonly text: string };
}

/** What may override the file from outside. */
export interface ExperimentOverrides {
  readonly seeds?: readonly number[] | undefined;
  /** Cells must also match one of these. */
  readonly only?: MatrixAxes['only'] | undefined;
}

const integerSeed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

const pattern = z
  .strictObject({
    protection: z.string().optional().describe('label, plug-in id or call of a setting; * matches anything'),
    attack: z
      .string()
      .optional()
      .describe('label or call of a setting, or id of one of its attacks; * matches anything'),
    metric: z.string().optional().describe('label, plug-in id or call of a setting; * matches anything'),
    seed: integerSeed.optional().describe('one of the seeds'),
  })
  .refine((fields) => Object.keys(fields).length > 0, 'at least one of protection, attack, metric, seed');

const verdictRule = z
  .strictObject({
    holds: z.number().min(0).max(1).default(THRESHOLDS.holds).describe('a residual R above this holds'),
    broken: z.number().min(0).max(1).default(THRESHOLDS.broken).describe('a residual R below this is broken'),
    amplified: z
      .number()
      .min(1)
      .optional()
      .describe(`a residual R above this is amplified (default: ${THRESHOLDS.amplified})`),
    smallestEffect: z
      .number()
      .positive()
      .optional()
      .describe(
        'smallest primary effect d that matters; a smaller one counts as no effect (default: a tenth of what the mimic gains, or the default of the metric)',
      ),
    effect: z.string().optional().describe('label or id of the metric that is the primary effect'),
    interval: z
      .enum(['t', 'bca', 'percentile'])
      .optional()
      .describe("how intervals are computed: Student's t and Fieller's set, or a bootstrap (default: t)"),
    cluster: z
      .enum(['image', 'artist'])
      .optional()
      .describe(
        'what counts as a replicate: images and trainings, or artists with all that is theirs (default: image)',
      ),
    baseline: z
      .string()
      .optional()
      .describe(
        'label or id of the protection that the others are compared with (default: the placebo, else identity)',
      ),
    adjust: z
      .enum(['holm', 'benjamini-hochberg'])
      .optional()
      .describe('how p values of many comparisons are adjusted (default: holm)'),
  })
  .refine(({ holds, broken }) => broken < holds, 'broken below holds');

/** The fields of an experiment file around its three lists of plug-ins, which `entries` describes. */
export const experimentShape = <P extends z.ZodType, A extends z.ZodType, M extends z.ZodType>(entries: {
  protection: P;
  attack: A;
  metric: M;
}) =>
  z.strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9._-]*$/i,
        "letters, digits, '.', '_' and '-', because it names the run's folder",
      )
      .describe('name of the run and of its folder under reports/'),
    description: z.string().optional().describe('text at the top of the report'),
    dataset: datasetSchema.describe('the images: a CSV manifest, a folder or a generator'),
    models: modelsSchema
      .optional()
      .describe("model for each role, such as { vae: taesd }: an id from 'models list' or a path"),
    protections: z.array(entries.protection).min(1).describe('what the artist does to the images'),
    attacks: z
      .array(entries.attack)
      .min(1)
      .describe('what the mimic does to the images; a chain is written a(x=1) | b'),
    metrics: z.array(entries.metric).min(1).describe('how the result is measured'),
    seed: z
      .union([integerSeed, z.array(integerSeed).min(1)])
      .default(0)
      .describe('root seed; a list repeats the matrix for each seed'),
    verdict: verdictRule.optional().describe('how verdicts are made'),
    only: z.array(pattern).default([]).describe('run only the cells that match one of these patterns'),
    except: z.array(pattern).default([]).describe('skip the cells that match one of these patterns'),
  });

const looseShape = experimentShape({ protection: z.unknown(), attack: z.unknown(), metric: z.unknown() });

/** Reads and checks an experiment file. @throws EXPERIMENT listing every mistake. */
export async function readExperiment(file: string, overrides: ExperimentOverrides = {}): Promise<Experiment> {
  const text = await readText(file).catch((error: unknown) => {
    throw error instanceof CraquelureError ? error : unreadableExperiment(file, error);
  });
  return parseExperiment(text, file, overrides);
}

/** Checks the text of an experiment file; `file` is for messages. @throws EXPERIMENT listing every mistake. */
export function parseExperiment(text: string, file: string, overrides: ExperimentOverrides = {}): Experiment {
  const yaml = parseYaml(text, file);
  const mistakes = new Mistakes();
  const fields = checkFields(yaml, mistakes);
  const read = <T>(list: PluginList, settings: (entry: unknown, placeAt: PlaceAt) => T[]): T[] =>
    (fields?.[list] ?? []).flatMap((entry, i) => {
      const placeAt: PlaceAt = (path) => yaml.placeOf([list, i, ...path]);
      return mistakes.collect(() => settings(entry, placeAt)) ?? [];
    });
  const protections = read('protections', protectionSettings);
  const attacks = read('attacks', attackSettings);
  const metrics = read('metrics', metricSettings);
  for (const [list, settings] of Object.entries({ protections, attacks, metrics })) {
    for (const label of repeated(settings.map((setting) => setting.label))) {
      mistakes.add(
        expected('distinct settings', list, label, { code: 'EXPERIMENT', place: yaml.placeOf([list]) }),
      );
    }
  }
  const dataset = mistakes.collect(() => readDataset(fields?.dataset, yaml.placeOf(['dataset'])));
  const models = mistakes.collect(() =>
    parseModelChoices((yaml.value as Partial<Fields> | null)?.models, (path) =>
      yaml.placeOf(['models', ...path]),
    ),
  );
  const assertNamed = (field: 'effect' | 'baseline', what: string, settings: readonly Setting[]): void => {
    const wanted = fields?.verdict?.[field];
    const fits = ({ label, links }: Setting): boolean => label === wanted || links[0]?.id === wanted;
    if (typeof wanted !== 'string' || settings.some(fits)) return;
    const place = yaml.placeOf(['verdict', field]);
    const labels = settings.map(({ label }) => label);
    mistakes.add(unknownName(`${what} of this experiment`, wanted, labels, { code: 'EXPERIMENT', place }));
  };
  assertNamed('effect', 'metric', metrics);
  assertNamed('baseline', 'protection', protections);
  mistakes.throwIfAny(file);

  const { name, description, seed, verdict, only, except } = fields!;
  return {
    name,
    ...(description !== undefined && { description }),
    dataset: dataset!,
    models: models!,
    protections,
    attacks,
    metrics,
    seeds: overrides.seeds ?? [seed].flat(),
    only,
    except,
    ...(verdict !== undefined && { verdict }),
    source: { file, sha256: sha256(text), text },
  };
}

/** The cells of an experiment. @throws EXPERIMENT if `only` and `except` leave none. */
export function cellsOf(experiment: Experiment, only: MatrixAxes['only'] = []): Cell[] {
  const within = new Set(expandMatrix({ ...experiment, only, except: [] }).map(({ id }) => id));
  const cells = expandMatrix(experiment).filter(({ id }) => within.has(id));
  if (cells.length === 0) {
    const { protections, attacks, metrics, source } = experiment;
    const labels = (settings: readonly { readonly label: string }[]): string[] =>
      settings.map(({ label }) => label);
    throw noCellsLeft(
      only[0] ?? experiment.only[0] ?? {},
      { protections: labels(protections), attacks: labels(attacks), metrics: labels(metrics) },
      { file: source.file },
    );
  }
  return cells;
}

type Fields = z.infer<typeof looseShape>;
type PluginList = 'protections' | 'attacks' | 'metrics';

/** The top level of the file, or undefined if it is too broken to go on with. */
function checkFields(yaml: YamlFile, mistakes: Mistakes): Fields | undefined {
  const parsed = looseShape.safeParse(yaml.value ?? {});
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const path = issue.path as YamlPath;
    if (path[0] === 'models') continue; // told in the registry's own words
    if (issue.code === 'unrecognized_keys') {
      const names = Object.keys(
        (path.length === 0 ? looseShape : path[0] === 'verdict' ? verdictRule : pattern).shape,
      );
      for (const key of issue.keys) {
        const place = yaml.placeOf([...path, key]);
        mistakes.add(unknownName('field', key, names, { code: 'EXPERIMENT', place }));
      }
    } else if (path[0] !== 'dataset' || valueAt(yaml.value, path) === undefined) {
      const what = expectation(issue);
      const field = path.length === 0 ? 'the file' : path.join('.');
      const place = yaml.placeOf(path);
      mistakes.add(expected(what, field, valueAt(yaml.value, path), { code: 'EXPERIMENT', place }));
    }
  }
  const record = yaml.value as Partial<Fields> | null;
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
  return typeof record === 'object' && record !== null
    ? ({
        ...record,
        protections: list(record.protections),
        attacks: list(record.attacks),
        metrics: list(record.metrics),
      } as Fields)
    : undefined;
}

/** What a schema issue asks for, in words. */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'array'
        ? 'a list'
        : issue.expected === 'object'
          ? 'a map of fields'
          : issue.expected;
    case 'too_small':
      return issue.origin === 'array' ? 'a list with at least one entry' : `a number from ${issue.minimum}`;
    case 'too_big':
      return `a number up to ${issue.maximum}`;
    case 'invalid_union':
      return 'an integer from 0 or a list of them';
    default:
      return issue.message;
  }
}

const valueAt = (value: unknown, path: YamlPath): unknown =>
  path.reduce<unknown>((node, key) => (node as Record<string | number, unknown> | undefined)?.[key], value);

const repeated = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i)),
];
