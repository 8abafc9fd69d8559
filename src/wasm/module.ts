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

/** Functions in WebAssembly and the memory that they share. */
export interface Kernel<Name extends string> {
  readonly names: readonly Name[];
  readonly functions: Readonly<Record<Name, (...args: readonly number[]) => void>>;
  readonly module: WebAssembly.Module;
  /** The memory as threads are given it, and its bytes. */
  readonly shared: WebAssembly.Memory;
  readonly memory: ArrayBufferLike;
}

type Routines<Name extends string> = Readonly<Record<Name, Routine>>;

const PAGE = 65536;
const MOST_PAGES = 65536;

/** Memories above this size are not kept. */
const KEPT_BYTES = 2 ** 28;

/** What a kernel is made of. */
export interface Recipe<Name extends string> {
  /** The functions call each other by their order. */
  readonly routines: Routines<Name>;
  /** Bytes of memory, all zero at first. */
  readonly bytes: number;
  /** Writes what stands in memory for good. */
  readonly prepare?: (memory: ArrayBufferLike) => void;
}

/**
 * Kernels written for a size: `write` is told the threads and whatever numbers its code depends on. What it gives comes back
 * with the kernel. The last one is kept with its memory: pictures of a data set tend to have one size, code that is compiled
 * again is slow again at first, and new memory costs more than a quick filter.
 */
export function kernelsBySize<Name extends string, Sizes extends readonly number[], R extends Recipe<Name>>(
  write: (threads: number, ...sizes: Sizes) => R & Recipe<Name>,
): (threads: number, ...sizes: Sizes) => R & Kernel<Name> {
  let last: { readonly key: string; readonly kernel: R & Kernel<Name> } | undefined;
  return (threads, ...sizes) => {
    const key = [threads, ...sizes].join(' ');
    if (last?.key === key) return last.kernel;
    last = undefined; // frees its memory before the next one is made
    const recipe = write(threads, ...sizes);
    const kernel = { ...recipe, ...linked(compiled(recipe.routines, threads), recipe.bytes) };
    recipe.prepare?.(kernel.memory);
    if (kernel.memory.byteLength <= KEPT_BYTES) last = { key, kernel };
    return kernel;
  };
}

/**
 * Kernels whose functions are told all sizes: compiled once, with a memory of at least so many bytes. It is kept and used again
 * as it was left, or with `fresh` it is all zero and the caller's own.
 */
export function kernelsOfAnySize<Name extends string>(
  routines: () => Routines<Name>,
  { fresh = false } = {},
): (bytes: number, threads: number) => Kernel<Name> {
  const kinds = [1, 2].map((threads) => kernelsFor(routines, threads, fresh));
  return (bytes, threads) => kinds[threads > 1 ? 1 : 0]!(bytes);
}

function kernelsFor<Name extends string>(
  routines: () => Routines<Name>,
  threads: number,
  fresh: boolean,
): (bytes: number) => Kernel<Name> {
  let program: Program<Name> | undefined;
  let last: Kernel<Name> | undefined;
  return (bytes) => {
    if (last !== undefined && last.memory.byteLength >= bytes) return last;
    program ??= compiled(routines(), threads);
    const made = linked(program, bytes);
    last = fresh || made.memory.byteLength > KEPT_BYTES ? undefined : made;
    return made;
  };
}

/** Functions that are compiled and have no memory yet. */
interface Program<Name extends string> extends Pick<Kernel<Name>, 'names' | 'module'> {
  readonly shares: boolean;
}

/** What one thread alone uses is not shared: JavaScript copies into shared memory word by word. */
function compiled<Name extends string>(routines: Routines<Name>, threads: number): Program<Name> {
  const shares = threads > 1;
  const module = new WebAssembly.Module(moduleOf(Object.entries<Routine>(routines), shares));
  return { names: Object.keys(routines) as Name[], shares, module };
}

function linked<Name extends string>({ names, shares, module }: Program<Name>, bytes: number): Kernel<Name> {
  const pages = Math.ceil(bytes / PAGE);
  const shared = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: shares });
  const { exports } = new WebAssembly.Instance(module, { kernel: { memory: shared } });
  const functions = exports as Kernel<Name>['functions'];
  return { names, functions, module, shared, memory: shared.buffer };
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
