/** @file Options of the commands that read an experiment file. */
import type { CellPattern } from '../experiment/cells.ts';
import type { PrepareOptions } from '../run/prepare.ts';
import { expected, unknownName } from '../messages/index.ts';
import { modelChoices } from './choices.ts';
import { device, json, maxPixels, model, seed, store } from './verb.ts';

/** The options that `run` and `plan` share. */
export const matrixOptions = {
  only: {
    type: 'string',
    array: true,
    describe:
      "run only these cells, such as --only 'attack=jpeg*,protection=noise'; repeat the flag for more cells",
  },
  limit: { type: 'number', describe: 'use only this many images, from the start of the data set' },
  seed,
  jobs: { type: 'number', describe: 'number of worker threads (default: one per core)' },
  out: { type: 'string', describe: 'folder for the results (default: reports/NAME)' },
  store,
  model,
  device,
  'max-pixels': maxPixels,
  json,
} as const;

interface MatrixArguments {
  readonly only?: readonly string[] | undefined;
  readonly limit?: number | undefined;
  readonly seed?: readonly number[] | undefined;
  readonly jobs?: number | undefined;
  readonly out?: string | undefined;
  readonly store?: string | undefined;
  readonly model?: readonly string[] | undefined;
  readonly maxPixels: number;
}

/** Flags as `prepareRun` takes them. @throws PARAMETER if one is out of range. */
export async function prepareOptions(args: MatrixArguments): Promise<PrepareOptions> {
  const { limit, seed: seeds, jobs, out, store: storeDir } = args;
  const natural = (name: string, value: number | undefined): void => {
    if (value !== undefined && !(Number.isInteger(value) && value > 0))
      throw expected('integer of at least 1', name, value);
  };
  natural('--limit', limit);
  natural('--jobs', jobs);
  natural('--max-pixels', args.maxPixels);
  for (const each of seeds ?? []) {
    if (!(Number.isInteger(each) && each >= 0 && each < 2 ** 32)) {
      throw expected('integer between 0 and 4294967295', '--seed', each);
    }
  }
  const only = args.only?.map(parsePattern);
  const models = await modelChoices(args.model);
  return { limit, seeds, only, models, out, store: storeDir, maxPixels: args.maxPixels };
}

const FIELDS = ['protection', 'attack', 'metric', 'seed'] as const;

/** `attack=jpeg*,protection=noise` as a pattern; a comma inside parentheses belongs to a label. */
export function parsePattern(text: string): CellPattern {
  const fields = text.split(/,(?![^(]*\))/).map((part) => {
    const [field, value] = [
      part.slice(0, part.indexOf('=')).trim(),
      part.slice(part.indexOf('=') + 1).trim(),
    ];
    if (!part.includes('=') || value === '')
      throw expected("'FIELD=PATTERN', such as 'attack=jpeg*',", '--only', text, { code: 'USAGE' });
    if (!FIELDS.some((known) => known === field))
      throw unknownName('field', field, FIELDS, { code: 'USAGE' });
    return [field, field === 'seed' ? Number(value) : value];
  });
  return Object.fromEntries(fields) as CellPattern;
}
