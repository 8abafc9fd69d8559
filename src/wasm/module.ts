/**
 * @file Functions assembled for WebAssembly as a module, and linked with a memory, which threads can share.
 *
 * Source: WebAssembly Core Specification 2.0, chapter 5.5 (modules); threads proposal (shared memories).
 */
import { type Code, type Local, unsigned } from './assembler.ts';

export type ValueType = 'i32' | 'f32' | 'v128';

const TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const satisfies Record<ValueType, number>;

/** Hands out variables: the parameters first, then whatever the body asks for. */
export interface Variables {
  readonly parameters: readonly Local[];
  local(type: ValueType): Local;
}

/** What a function is called with, and its code; it gives no result. */
export interface Routine {
  readonly parameters: readonly ValueType[];
  readonly body: (variables: Variables) => Code;
}

/** Functions in WebAssembly, compiled. */
export interface Program<Name extends string> {
  readonly names: readonly Name[];
  /** Whether threads can share its memory. */
  readonly shares: boolean;
  readonly module: WebAssembly.Module;
}

/** Functions in WebAssembly and the memory that they share. */
export interface Kernel<Name extends string> extends Program<Name> {
  readonly functions: Readonly<Record<Name, (...args: readonly number[]) => void>>;
  readonly shared: WebAssembly.Memory;
  readonly memory: ArrayBufferLike;
}

const PAGE = 65536;
const MOST_PAGES = 65536;

/**
 * Assembles and compiles functions for so many threads. They call each other by their order. What one thread alone uses is
 * not shared: JavaScript copies into shared memory word by word.
 */
export function program<Name extends string>(
  routines: Readonly<Record<Name, Routine>>,
  threads: number,
): Program<Name> {
  const shares = threads > 1;
  const module = new WebAssembly.Module(moduleOf(Object.entries<Routine>(routines), shares));
  return { names: Object.keys(routines) as Name[], shares, module };
}

/** Links a program with a memory of its own of at least `bytes`, all zero. */
export function linked<Name extends string>(program: Program<Name>, bytes: number): Kernel<Name> {
  const pages = Math.ceil(bytes / PAGE);
  const shared = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: program.shares });
  const { exports } = new WebAssembly.Instance(program.module, { kernel: { memory: shared } });
  const functions = exports as Kernel<Name>['functions'];
  return { ...program, functions, shared, memory: shared.buffer };
}

/** Functions with a memory of at least `bytes`, for so many threads. */
export const kernel = <Name extends string>(
  bytes: number,
  routines: Readonly<Record<Name, Routine>>,
  threads: number,
): Kernel<Name> => linked(program(routines, threads), bytes);

/** Memories above this size are not kept. */
const KEPT_BYTES = 2 ** 28;

/**
 * Remembers what was made last, by what it was made for: pictures of a data set tend to have one size, code that is
 * compiled again is slow again at first, and new memory costs more than a quick filter.
 */
export function remembered<T extends { readonly memory: ArrayBufferLike }>(): (
  key: readonly unknown[],
  make: () => T,
) => T {
  let last: { readonly key: string; readonly value: T } | undefined;
  return (parts, make) => {
    const key = parts.join(' ');
    if (last?.key === key) return last.value;
    last = undefined; // frees its memory before the next one is made
    const value = make();
    if (value.memory.byteLength <= KEPT_BYTES) last = { key, value };
    return value;
  };
}

/** A program and a memory that grows to what is asked for, for so many threads: for functions that are told all sizes. */
export function growing<Name extends string>(
  routines: () => Readonly<Record<Name, Routine>>,
): (bytes: number, threads: number) => Kernel<Name> {
  const alone = growingFor(routines, 1);
  const shared = growingFor(routines, 2);
  return (bytes, threads) => (threads > 1 ? shared(bytes) : alone(bytes));
}

function growingFor<Name extends string>(
  routines: () => Readonly<Record<Name, Routine>>,
  threads: number,
): (bytes: number) => Kernel<Name> {
  let compiled: Program<Name> | undefined;
  let last: Kernel<Name> | undefined;
  return (bytes) => {
    if (last !== undefined && last.memory.byteLength >= bytes) return last;
    compiled ??= program(routines(), threads);
    const made = linked(compiled, bytes);
    last = made.memory.byteLength <= KEPT_BYTES ? made : undefined;
    return made;
  };
}

/** The local variables that a routine declares, and its instructions. */
function assembled({ parameters, body }: Routine): number[] {
  const types = [...parameters];
  const variable = (index: number): Local => ({
    get: [0x20, ...unsigned(index)],
    set: (value) => [...value, 0x21, ...unsigned(index)],
  });
  const local = (type: ValueType): Local => variable(types.push(type) - 1);
  const code = body({ parameters: parameters.map((_, i) => variable(i)), local });
  const locals = types.slice(parameters.length).map((type) => [1, TYPES[type]]);
  return sized([...list(locals), ...code, 0x0b]);
}

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];

const list = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];

const name = (text: string): number[] => sized([...Buffer.from(text)]);

function moduleOf(
  routines: readonly (readonly [string, Routine])[],
  shares: boolean,
): Uint8Array<ArrayBuffer> {
  const section = (id: number, items: readonly (readonly number[])[]): number[] => [
    id,
    ...sized(list(items)),
  ];
  const types = routines.map(([, { parameters }]) => [
    0x60,
    ...list(parameters.map((type) => [TYPES[type]])),
    0,
  ]);
  // A memory of any size: shared and with a maximum, or neither.
  const memory = [2, ...(shares ? [3, ...unsigned(0), ...unsigned(MOST_PAGES)] : [0, ...unsigned(0)])];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
    ...section(1, types),
    ...section(2, [[...name('kernel'), ...name('memory'), ...memory]]),
    ...section(
      3,
      routines.map((_, i) => [i]),
    ),
    ...section(
      7,
      routines.map(([text], i) => [...name(text), 0, i]),
    ),
    ...section(
      10,
      routines.map(([, routine]) => assembled(routine)),
    ),
  ]);
}
