/** @file The matrix: protections x attacks x metrics x seeds, less what `only` and `except` leave out. */
import { isDeepStrictEqual } from 'node:util';
import { CraquelureError, tooManyCells } from '../messages/index.ts';
import { type ParsedCall, parseChain } from '../plugin/call.ts';
import { keyOf } from '../files/keys.ts';
import type { Cell, MetricSetting, Setting } from './setting.ts';
import { jobStep } from './step.ts';

/** Patterns that a cell must match, all of them; `*` stands for anything. */
export interface CellPattern {
  readonly protection?: string | undefined;
  readonly attack?: string | undefined;
  readonly metric?: string | undefined;
  readonly seed?: number | undefined;
}

/** What spans a matrix. */
export interface MatrixAxes {
  readonly protections: readonly Setting[];
  readonly attacks: readonly Setting[];
  readonly metrics: readonly MetricSetting[];
  readonly seeds: readonly number[];
  /** Where there are any, a cell must match one of them. */
  readonly only: readonly CellPattern[];
  /** A cell that matches one of them is left out. */
  readonly except: readonly CellPattern[];
}

/** A run of more cells would not end, nor would its report open. */
const MOST_CELLS = 200_000;

/** The cells in the order of their rows: by seed, protection, attack, metric. @throws EXPERIMENT if there are too many */
export function expandMatrix(axes: MatrixAxes): Cell[] {
  const { seeds, protections, attacks, metrics } = axes;
  const count = [seeds, protections, attacks, metrics].reduce((product, { length }) => product * length, 1);
  if (count > MOST_CELLS) throw tooManyCells(count, MOST_CELLS);
  const cells = axes.seeds.flatMap((seed) =>
    axes.protections.flatMap((protection) =>
      axes.attacks.flatMap((attack) =>
        axes.metrics.map((metric) => makeCell(protection, attack, metric, seed)),
      ),
    ),
  );
  const wanted = (cell: Cell): boolean =>
    axes.only.length === 0 || axes.only.some((pattern) => matches(pattern, cell));
  return cells.filter((cell) => wanted(cell) && !axes.except.some((pattern) => matches(pattern, cell)));
}

function makeCell(protection: Setting, attack: Setting, metric: MetricSetting, seed: number): Cell {
  const steps = (setting: Setting) => setting.links.map(jobStep);
  const key = keyOf({ protection: steps(protection), attack: steps(attack), metric: steps(metric), seed });
  return { id: key.slice(0, 12), protection, attack, metric, seed };
}

/**
 * True where every field of the pattern fits the cell. Text fits a setting's label, the id of one of its links, or, written
 * as a call, the settings that have the parameters in it: `jpeg(quality=75)` fits where 75 is the default, too.
 */
export function matches(pattern: CellPattern, cell: Cell): boolean {
  const fits = (text: string | undefined, setting: Setting): boolean =>
    text === undefined ||
    [setting.label, ...setting.links.map(({ id }) => id)].some((name) => fitsGlob(text, name)) ||
    (text.includes('(') && fitsCalls(text, setting));
  return (
    fits(pattern.protection, cell.protection) &&
    fits(pattern.attack, cell.attack) &&
    fits(pattern.metric, cell.metric) &&
    (pattern.seed === undefined || pattern.seed === cell.seed)
  );
}

function fitsCalls(text: string, { links }: Setting): boolean {
  let calls: readonly ParsedCall[];
  try {
    calls = parseChain(text);
  } catch (error) {
    if (error instanceof CraquelureError) return false; // a pattern with stars in it need not be a call
    throw error;
  }
  return (
    calls.length === links.length &&
    calls.every(({ id, params }, at) => {
      const link = links[at]!;
      const has = (name: string, value: unknown) =>
        isDeepStrictEqual((link.params as Record<string, unknown>)[name], value);
      return id === link.id && Object.entries(params).every(([name, value]) => has(name, value));
    })
  );
}

/** Whether a text is what a pattern says, whose `*` stand for anything; in one pass, however many there are. */
export function fitsGlob(glob: string, text: string): boolean {
  const [first = '', ...others] = glob.split('*');
  const last = others.pop();
  if (last === undefined) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
