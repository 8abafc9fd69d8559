/**
 * @file Instructions of WebAssembly with 128-bit vectors: filters write their inner loops with them, for the very
 * picture size and parameters they have, and run them at the speed of native code (`kernel.ts`).
 *
 * Instructions are functions from the code of their operands to code; code is a list of bytes.
 * Source: WebAssembly Core Specification 2.0, chapter 5.4.
 */

/** Bytes of instructions, each of which leaves its result for the next. */
export type Code = readonly number[];

/** LEB128: seven bits a byte, the lowest first. */
export function unsigned(value: number): number[] {
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

const doubleBytes = (value: number): number[] => [...new Uint8Array(Float64Array.of(value).buffer)];

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

/** A scalar's memory operand: the instruction takes an address, and for a store a value too. */
const access =
  (opcode: number, alignment: number) =>
  (address: Code, offset: number, ...value: readonly Code[]): Code => [
    ...address,
    ...value.flat(),
    opcode,
    ...memory(alignment, offset),
  ];

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: access(0x28, 2),
  store: access(0x36, 2),
  load8: access(0x2d, 0),
  store8: access(0x3a, 0),
  load16: access(0x2f, 1),
  store16: access(0x3b, 1),
  less: plain(0x48),
  add: plain(0x6a),
  sub: plain(0x6b),
  mul: plain(0x6c),
  and: plain(0x71),
  shl: plain(0x74),
  /** Keeps the sign. */
  shr: plain(0x75),
  /** Division of unsigned numbers. */
  div: plain(0x6e),
  remainder: plain(0x70),
  /** `a` where the condition is not 0, else `b`. */
  select: (a: Code, b: Code, condition: Code): Code => [...a, ...b, ...condition, 0x1b],
};

const lane =
  (opcode: number) =>
  (x: Code, at: number): Code =>
    vector(opcode, at)(x);

const shift =
  (opcode: number) =>
  (x: Code, bits: number): Code =>
    vector(opcode)(x, i32.constant(bits));

export const i8x16 = {
  splat: vector(0x0f),
  subSaturated: vector(0x73),
  addSaturated: vector(0x70),
  min: vector(0x77),
  max: vector(0x79),
  /** 16 unsigned bytes of 16 signed words, clipped. */
  narrow: vector(0x66),
};

export const i16x8 = {
  constant: (value: number): Code => [...i32.constant(value), 0xfd, 0x10],
  splat: vector(0x10),
  add: vector(0x8e),
  sub: vector(0x91),
  mul: vector(0x95),
  shr: shift(0x8d),
  /** Eight unsigned bytes, the lower or upper ones, as words. */
  widen: { low: vector(0x89), high: vector(0x8a) },
  /** Eight signed words of eight 32-bit lanes, clipped. */
  narrow: vector(0x85),
  loadBytes: (address: Code, offset: number): Code => vector(0x02, ...memory(0, offset))(address),
};

export const i32x4 = {
  constant: (value: number): Code => [...i32.constant(value), 0xfd, 0x11],
  splat: vector(0x11),
  shl: shift(0xab),
  /** Keeps signs. */
  shr: shift(0xac),
  add: vector(0xae),
  sub: vector(0xb1),
  mul: vector(0xb5),
  min: vector(0xb6),
  lane: lane(0x1b),
  /** Products of signed words, added in pairs. */
  dot: vector(0xba),
  /** Four unsigned words, the lower or upper ones. */
  widen: { low: vector(0xa9), high: vector(0xaa) },
  /** Products of four unsigned words, the lower or upper ones. */
  product: { low: vector(0xbe), high: vector(0xbf) },
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
  /** The second where it is less (or greater) than the first, else the first: of a NaN in the second, the first. */
  lesser: vector(0xea),
  greater: vector(0xeb),
  /** Four floats made of four signed numbers. */
  convert: vector(0xfa),
  /** Two floats made of two doubles, and two zeros. */
  demote: vector(0x5e),
};

export const f64x2 = {
  constant: (value: number): Code => [0x44, ...doubleBytes(value), 0xfd, 0x14],
  add: vector(0xf0),
  sub: vector(0xf1),
  mul: vector(0xf2),
  /** Two doubles made of the lower two of four floats. */
  promote: vector(0x5f),
};

export const v128 = {
  /** 1 where any bit is set. */
  any: vector(0x53),
  and: vector(0x4e),
  or: vector(0x50),
  load: (address: Code, offset: number): Code => vector(0x00, ...memory(2, offset))(address),
  store: (address: Code, offset: number, x: Code): Code => vector(0x0b, ...memory(2, offset))(address, x),
  /** 64 bits from memory into both halves. */
  loadTwice: (address: Code, offset: number): Code => vector(0x0a, ...memory(2, offset))(address),
  /** 64 bits from memory into one half of a vector, the other one zero (half 0) or kept from `x` (half 1). */
  loadHalf: (address: Code, offset: number, x?: Code): Code =>
    x === undefined
      ? vector(0x5d, ...memory(2, offset))(address)
      : vector(0x57, ...memory(2, offset), 1)(address, x),
  /** The lower 64 bits of a vector to memory. */
  storeHalf: (address: Code, offset: number, x: Code): Code =>
    vector(0x5b, ...memory(2, offset), 0)(address, x),
  /** 32 bits from memory, the rest zero. */
  loadQuarter: (address: Code, offset: number): Code => vector(0x5c, ...memory(2, offset))(address),
  /** 32 bits from memory into all four lanes. */
  loadSplat: (address: Code, offset: number): Code => vector(0x09, ...memory(2, offset))(address),
  /** 32 bits from memory into a lane of `x`. */
  loadLane: (address: Code, offset: number, x: Code, at: number): Code =>
    vector(0x56, ...memory(2, offset), at)(address, x),
  /** A lane of 32 bits to memory. */
  storeQuarter: (address: Code, offset: number, x: Code, at = 0): Code =>
    vector(0x5a, ...memory(2, offset), at)(address, x),
  /** Four 32-bit lanes out of the eight of two vectors. */
  pick: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code =>
    v128.pickBytes(
      a,
      b,
      lanes.flatMap((from) => [0, 1, 2, 3].map((byte) => 4 * from + byte)),
    ),
  /** 16 bytes out of the 32 of two vectors. */
  pickBytes: (a: Code, b: Code, bytes: readonly number[]): Code => vector(0x0d, ...bytes)(a, b),
};

/** A local variable or parameter of the function under construction. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** Moves a pointer on. */
export const advance = (pointer: Local, bytes: number): Code =>
  pointer.set(i32.add(pointer.get, i32.constant(bytes)));

/** Runs `body` where the condition is not 0. */
export const when = (condition: Code, body: Code): Code => [...condition, 0x04, 0x40, ...body, 0x0b];

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

/** The same, which may be not at all. */
export const repeatIfAny = (count: Local, body: Code): Code => when(count.get, repeat(count, body));

/** Calls another function of the module by its place among them. */
export const call = (index: number, ...args: readonly Code[]): Code => [
  ...args.flat(),
  0x10,
  ...unsigned(index),
];
