/**
 * @file Functions assembled for WebAssembly as a module, and linked with a memory that threads can share.
 *
 * Source: WebAssembly Core Specification 2.0, chapter 5.5 (modules); threads proposal (shared memories).
 */
import { type Code, type Local, unsigned } from './wasm.ts';

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

/** Functions in WebAssembly, compiled, and how much memory they need. */
export interface Program<Name extends string> {
  readonly names: readonly Name[];
  readonly module: WebAssembly.Module;
  readonly pages: number;
}

/** Functions in WebAssembly and the memory that they share. */
export interface Kernel<Name extends string> extends Program<Name> {
  readonly functions: Readonly<Record<Name, (...args: readonly number[]) => void>>;
  readonly shared: WebAssembly.Memory;
  readonly memory: ArrayBufferLike;
}

const PAGE = 65536;

/** Assembles and compiles functions for a memory of at least `bytes`. They call each other by their order. */
export function program<Name extends string>(
  bytes: number,
  routines: Readonly<Record<Name, Routine>>,
): Program<Name> {
  const pages = Math.ceil(bytes / PAGE);
  const module = new WebAssembly.Module(moduleOf(pages, Object.entries<Routine>(routines)));
  return { names: Object.keys(routines) as Name[], module, pages };
}

/** Functions with a memory of at least `bytes`. */
export const kernel = <Name extends string>(
  bytes: number,
  routines: Readonly<Record<Name, Routine>>,
): Kernel<Name> => linked(program(bytes, routines));

/** Links a program with a memory of its own, all zero. */
export function linked<Name extends string>(program: Program<Name>): Kernel<Name> {
  const { module, pages } = program;
  const shared = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { exports } = new WebAssembly.Instance(module, { kernel: { memory: shared } });
  const functions = exports as Kernel<Name>['functions'];
  return { ...program, functions, shared, memory: shared.buffer };
}

/**
 * Remembers what was made last, by what it was made for: pictures of a data set tend to have one size, and code that is
 * compiled again is slow again at first.
 */
export function remembered<T>(): (key: readonly unknown[], make: () => T) => T {
  let last: { readonly key: string; readonly value: T } | undefined;
  return (parts, make) => {
    const key = parts.join(' ');
    if (last?.key !== key) last = { key, value: make() };
    return last.value;
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

function moduleOf(pages: number, routines: readonly (readonly [string, Routine])[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, items: readonly (readonly number[])[]): number[] => [
    id,
    ...sized(list(items)),
  ];
  const types = routines.map(([, { parameters }]) => [
    0x60,
    ...list(parameters.map((type) => [TYPES[type]])),
    0,
  ]);
  const shared = [2, 3, ...unsigned(pages), ...unsigned(pages)]; // a memory, shared, of this size exactly
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
    ...section(1, types),
    ...section(2, [[...name('kernel'), ...name('memory'), ...shared]]),
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
