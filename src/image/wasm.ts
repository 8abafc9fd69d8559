/**
 * @file A small assembler for WebAssembly with 128-bit vectors: filters write their inner loops with it, for the very
 * picture size and parameters they have, and run them at the speed of native code.
 *
 * Instructions are functions from the code of their operands to code; code is a list of bytes.
 * Source: WebAssembly Core Specification 2.0, chapters 5.4 (instructions) and 5.5 (modules).
 */

/** Bytes of instructions, each of which leaves its result for the next. */
export type Code = readonly number[];

export type ValueType = 'i32' | 'f32' | 'v128';

const TYPES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const satisfies Record<ValueType, number>;

/** LEB128: seven bits a byte, the lowest first. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && low < 0x40) || (rest === -1 && low >= 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const floatBytes = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];

/** Joins code; spreading would overflow the stack for long kernels. */
export const sequence = (...parts: readonly Code[]): Code => parts.flat();

const plain =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), opcode];

const vector =
  (opcode: number, ...immediates: readonly number[]) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode), ...immediates];

/** A memory operand: alignment as a power of two, offset in bytes. */
const memory = (alignment: number, offset: number): number[] => [...unsigned(alignment), ...unsigned(offset)];

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: plain(0x6a),
  sub: plain(0x6b),
};

export const f32x4 = {
  constant: (value: number): Code => [0x43, ...floatBytes(value), 0xfd, 0x13],
  splat: vector(0x13),
  floor: vector(0x68),
  abs: vector(0xe0),
  add: vector(0xe4),
  sub: vector(0xe5),
  mul: vector(0xe6),
  div: vector(0xe7),
  min: vector(0xe8),
  max: vector(0xe9),
};

export const f64x2 = {
  add: vector(0xf0),
  sub: vector(0xf1),
  mul: vector(0xf2),
};

export const i32x4 = {
  constant: (value: number): Code => [...i32.constant(value), 0xfd, 0x11],
  shl: (x: Code, bits: number): Code => vector(0xab)(x, i32.constant(bits)),
  lane: (x: Code, lane: number): Code => vector(0x1b, lane)(x),
};

export const v128 = {
  and: vector(0x4e),
  load: (address: Code, offset: number): Code => vector(0x00, ...memory(2, offset))(address),
  store: (address: Code, offset: number, x: Code): Code => vector(0x0b, ...memory(2, offset))(address, x),
  /** 64 bits from memory into both halves. */
  loadTwice: (address: Code, offset: number): Code => vector(0x0a, ...memory(2, offset))(address),
  /** 64 bits from memory into one half of a vector, the other one zero (half 0) or kept from `x` (half 1). */
  loadHalf: (address: Code, offset: number, x?: Code): Code =>
    x === undefined
      ? vector(0x5d, ...memory(2, offset))(address)
      : vector(0x57, ...memory(2, offset), 1)(address, x),
  /** Four 32-bit lanes out of the eight of two vectors. */
  pick: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code =>
    vector(0x0d, ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)))(a, b),
};

/** A local variable or parameter of the function under construction. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** Runs `body` over and over, `count` times; `count` counts down to zero. */
export const repeat = (count: Local, body: Code): Code => [
  0x03, // loop
  0x40, // of no result
  ...body,
  ...count.set(i32.sub(count.get, i32.constant(1))),
  ...count.get,
  0x0d, // br_if
  0x00,
  0x0b, // end
];

/** Hands out variables: the parameters first, then whatever the body asks for. */
export interface Variables {
  readonly parameters: readonly Local[];
  local(type: ValueType): Local;
}

const PAGE = 65536;

/** What a function is called with, and its code; it gives no result. */
export interface Routine {
  readonly parameters: readonly ValueType[];
  readonly body: (variables: Variables) => Code;
}

/** Functions in WebAssembly and the memory that they share. */
export interface Kernel<Name extends string> {
  readonly functions: Readonly<Record<Name, (...args: readonly number[]) => void>>;
  readonly memory: ArrayBuffer;
}

/** Assembles, compiles and links functions with a memory of at least `bytes`, all zero. */
export function kernel<Name extends string>(
  bytes: number,
  routines: Readonly<Record<Name, Routine>>,
): Kernel<Name> {
  const binary = moduleOf(Math.ceil(bytes / PAGE), Object.entries<Routine>(routines));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary));
  const { memory, ...functions } = exports as unknown as Kernel<Name>['functions'] & {
    readonly memory: { readonly buffer: ArrayBuffer };
  };
  return { functions: functions as unknown as Kernel<Name>['functions'], memory: memory.buffer };
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

function moduleOf(pages: number, routines: readonly (readonly [string, Routine])[]): Uint8Array<ArrayBuffer> {
  const section = (id: number, items: readonly (readonly number[])[]): number[] => [
    id,
    ...sized(list(items)),
  ];
  const named = (name: string, kind: number, index: number): number[] => [
    ...sized([...Buffer.from(name)]),
    kind,
    index,
  ];
  const types = routines.map(([, { parameters }]) => [
    0x60,
    ...list(parameters.map((type) => [TYPES[type]])),
    0,
  ]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
    ...section(1, types),
    ...section(
      3,
      routines.map((_, i) => [i]),
    ),
    ...section(5, [[0, ...unsigned(pages)]]),
    ...section(7, [named('memory', 2, 0), ...routines.map(([name], i) => named(name, 0, i))]),
    ...section(
      10,
      routines.map(([, routine]) => assembled(routine)),
    ),
  ]);
}
