/**
 * @file The call syntax: how a setting of a plug-in is written on one line, and back.
 *
 *     chain := call ('|' call)*                      jpeg(quality=75) | rescale(scale=0.5)
 *     call  := name ['(' [name '=' value (',' name '=' value)*] ')']
 *     value := number | true | false | null | text | 'text' | "text" | '[' [value (',' value)*] ']'
 *
 * Values are YAML flow scalars, so that a chain means the same inside an experiment file and on the command line.
 */
import { isDeepStrictEqual } from 'node:util';
import { malformedChain, type Place, repeatedParameter } from '../messages/index.ts';
import type { PluginBase } from './define.ts';
import { defaultParameters, type GivenParameters, type PlaceOf } from './parameters.ts';

/** A plug-in by name, its given parameters, and their places in the text. */
export interface ParsedCall {
  readonly id: string;
  readonly params: GivenParameters;
  readonly placeOf: PlaceOf;
}

const NAME = /[A-Za-z][A-Za-z0-9_-]*/y;
const SPACE = /\s*/y;
const QUOTED = /'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"/y;
const PLAIN = /[^\s,()[\]{}|='"][^\s,()[\]{}|=]*/y;
// The core schema of YAML 1.2.
const NUMBER = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const KEYWORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['~', null],
  ['.inf', Number.POSITIVE_INFINITY],
  ['-.inf', Number.NEGATIVE_INFINITY],
]);

/**
 * Reads a chain of one or more calls.
 * @throws PARAMETER with the text and a caret below the error
 */
export function parseChain(text: string, place: Place = {}): readonly ParsedCall[] {
  const source: Source = { text, at: 0, place };
  const calls: ParsedCall[] = [];
  do calls.push(call(source));
  while (accept(source, '|'));
  if (source.at < text.length) throw unexpected(source, "'|' or the end of the chain");
  return calls;
}

/** Reads a list as calls write it: `[jpeg, "rescale | flip", 3]`. @throws PARAMETER as `parseChain` does. */
export function parseList(text: string, place: Place = {}): readonly unknown[] {
  const source: Source = { text, at: 0, place };
  skipSpace(source);
  if (source.text[source.at] !== '[') throw unexpected(source, "'['");
  const items = value(source) as unknown[];
  if (source.at < text.length) throw unexpected(source, 'the end');
  return items;
}

/** The canonical label of a setting: the parameters that differ from their defaults, in the order of the schema. */
export function formatCall(plugin: Pick<PluginBase, 'id' | 'params'>, params: GivenParameters): string {
  const defaults = defaultParameters(plugin);
  const written = Object.keys(plugin.params.shape)
    .filter((name) => params[name] !== undefined && !isDeepStrictEqual(params[name], defaults[name]))
    .map((name) => `${name}=${formatValue(params[name])}`);
  return written.length === 0 ? plugin.id : `${plugin.id}(${written.join(', ')})`;
}

/** The canonical label of a chain. */
export function formatChain(
  links: readonly { readonly plugin: Pick<PluginBase, 'id' | 'params'>; readonly params: GivenParameters }[],
): string {
  return links.map(({ plugin, params }) => formatCall(plugin, params)).join(' | ');
}

/** A value as written in a call. */
function formatValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatValue).join(', ')}]`;
  if (value === Number.POSITIVE_INFINITY) return '.inf';
  if (value === Number.NEGATIVE_INFINITY) return '-.inf';
  if (typeof value !== 'string') return String(value);
  PLAIN.lastIndex = 0;
  const plain = PLAIN.exec(value)?.[0] === value && scalar(value) === value;
  return plain ? value : JSON.stringify(value);
}

interface Source {
  readonly text: string;
  readonly place: Place;
  at: number;
}

function call(source: Source): ParsedCall {
  skipSpace(source);
  const start = source.at;
  const id = name(source, 'a plug-in');
  const params: Record<string, unknown> = {};
  const columns = new Map<string, number>();
  if (accept(source, '(') && !accept(source, ')')) {
    do parameter(source, params, columns);
    while (accept(source, ','));
    if (!accept(source, ')')) throw unexpected(source, "',' or ')'");
  }
  const placeOf: PlaceOf = (parameter = '') => pointing(source, columns.get(parameter) ?? start);
  return { id, params, placeOf };
}

function parameter(source: Source, params: Record<string, unknown>, columns: Map<string, number>): void {
  skipSpace(source);
  const start = source.at;
  const key = name(source, 'a parameter');
  if (columns.has(key)) throw repeatedParameter(key, pointing(source, start));
  if (!accept(source, '=')) throw unexpected(source, "'='");
  columns.set(key, start);
  params[key] = value(source);
}

function name(source: Source, of: string): string {
  return match(source, NAME) ?? raise(unexpected(source, `the name of ${of}`));
}

function value(source: Source, depth = 0): unknown {
  if (depth > DEEPEST) throw unexpected(source, `lists nested at most ${DEEPEST} deep`);
  if (accept(source, '[')) {
    const items: unknown[] = [];
    if (accept(source, ']')) return items;
    do items.push(value(source, depth + 1));
    while (accept(source, ','));
    if (!accept(source, ']')) throw unexpected(source, "',' or ']'");
    return items;
  }
  const start = source.at;
  const quoted = match(source, QUOTED);
  if (quoted !== undefined)
    return unquoted(quoted) ?? raise(malformedAt(source, start, 'a quoted text', quoted));
  const plain = match(source, PLAIN);
  return plain === undefined ? raise(unexpected(source, 'a value')) : scalar(plain);
}

/** Lists of lists of lists: deeper ones mean nothing, and the program's own stack is finite. */
const DEEPEST = 20;

function scalar(text: string): unknown {
  if (KEYWORDS.has(text)) return KEYWORDS.get(text);
  return NUMBER.test(text) ? Number(text) : text;
}

function unquoted(text: string): string | undefined {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined; // an escape that JSON does not know
  }
}

function skipSpace(source: Source): void {
  SPACE.lastIndex = source.at;
  source.at += SPACE.exec(source.text)![0].length;
}

function match(source: Source, pattern: RegExp): string | undefined {
  skipSpace(source);
  pattern.lastIndex = source.at;
  const found = pattern.exec(source.text)?.[0];
  source.at += found?.length ?? 0;
  return found;
}

function accept(source: Source, symbol: string): boolean {
  skipSpace(source);
  if (!source.text.startsWith(symbol, source.at)) return false;
  source.at += symbol.length;
  skipSpace(source);
  return true;
}

const pointing = ({ text, place }: Source, at: number): Place => ({
  ...place,
  excerpt: { text, column: at + 1 },
});

const malformedAt = (source: Source, at: number, wanted: string, received: string): Error =>
  malformedChain(wanted, received, pointing(source, at));

function unexpected(source: Source, wanted: string): Error {
  skipSpace(source);
  const next = source.text[source.at];
  return malformedAt(source, source.at, wanted, next === undefined ? '' : `'${next}'`);
}

function raise(error: Error): never {
  throw error;
}
