/**
 * @file A reader of the pickles in PyTorch's files. A pickle is a program for a stack machine that may call anything; this
 * reader knows the calls that rebuild tensors, and refuses every other by its name. Nothing is ever imported or called.
 */

/** What a pickle may say: plain values, and what stands for tensors and the storages that they are views of. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | PickledList
  | PickledMap
  | PickledTuple
  | PickledStorage
  | PickledTensor
  | PickledGlobal;

export interface PickledList {
  readonly kind: 'list';
  readonly items: Pickled[];
}

export interface PickledMap {
  readonly kind: 'map';
  readonly entries: Map<Pickled, Pickled>;
}

export interface PickledTuple {
  readonly kind: 'tuple';
  readonly items: readonly Pickled[];
}

/** A block of bytes elsewhere in the file. */
export interface PickledStorage {
  readonly kind: 'storage';
  /** `FloatStorage`, `HalfStorage`, ... */
  readonly type: string;
  readonly key: string;
  /** Where the view begins in its block; 0 except in old files. */
  readonly shift: number;
}

export interface PickledTensor {
  readonly kind: 'tensor';
  readonly storage: PickledStorage;
  /** In elements of the storage. */
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];
}

interface PickledGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** Thrown where a pickle names something that is no part of a tensor. */
export class ForbiddenGlobal extends Error {
  readonly global: string;
  constructor(global: string) {
    super(`it calls '${global}'`);
    this.global = global;
  }
}

const ALLOWED =
  /^(?:collections\.OrderedDict|torch\._utils\._rebuild_(?:tensor|tensor_v2|parameter)|torch\.Size|torch\.(?:Float|Half|BFloat16|Double|Long|Int|Short|Char|Byte|Bool)Storage)$/;

const MARK = Symbol('mark');
type Slot = Pickled | typeof MARK;

/** The value that a pickle makes, and where it ends. @throws ForbiddenGlobal, RangeError where it is cut short or malformed */
export function readPickle(bytes: Uint8Array, start = 0): { readonly value: Pickled; readonly end: number } {
  const machine = new Machine(bytes, start);
  return { value: machine.run(), end: machine.at };
}

/** The stack machine; one method for each group of operations. */
class Machine {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, Pickled>();
  at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  run(): Pickled {
    for (;;) {
      const code = String.fromCharCode(this.#byte());
      if (code === '.') return this.#pop();
      const known = this.#number(code) || this.#text(code) || this.#container(code) || this.#call(code);
      if (!known) throw new RangeError(`it has the unknown operation 0x${code.charCodeAt(0).toString(16)}`);
    }
  }

  #byte(): number {
    return this.#view.getUint8(this.at++);
  }

  #take(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw new RangeError('it is cut short');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #uint32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0) throw new RangeError('it is cut short');
    return textOf(this.#take(end + 1 - this.at)).slice(0, -1);
  }

  #pop(): Pickled {
    const top = this.#stack.pop();
    if (top === undefined || top === MARK) throw new RangeError('it takes from an empty stack');
    return top;
  }

  #top(): Pickled {
    const top = this.#pop();
    this.#stack.push(top);
    return top;
  }

  #toMark(): Pickled[] {
    const from = this.#stack.lastIndexOf(MARK);
    if (from < 0) throw new RangeError('it has no mark');
    return this.#stack.splice(from).slice(1) as Pickled[];
  }

  /** Numbers and the three constants. */
  #number(code: string): boolean {
    const value = ((): Pickled | undefined => {
      switch (code) {
        case 'N':
          return null;
        case '\x88':
          return true;
        case '\x89':
          return false;
        case 'K':
          return this.#byte();
        case 'M':
          this.at += 2;
          return this.#view.getUint16(this.at - 2, true);
        case 'J':
          this.at += 4;
          return this.#view.getInt32(this.at - 4, true);
        case 'G':
          this.at += 8;
          return this.#view.getFloat64(this.at - 8, false);
        case '\x8a':
          return wholeNumber(this.#take(this.#byte()));
        default:
          return undefined;
      }
    })();
    if (value === undefined) return false;
    this.#stack.push(value);
    return true;
  }

  /** Texts, and bytes as texts. */
  #text(code: string): boolean {
    const length = ((): number | undefined => {
      if (code === 'X' || code === 'B' || code === 'T') return this.#uint32();
      return code === '\x8c' || code === 'C' || code === 'U' ? this.#byte() : undefined;
    })();
    if (length === undefined) return false;
    this.#stack.push(textOf(this.#take(length)));
    return true;
  }

  /** Tuples, lists, maps, and the memo. */
  #container(code: string): boolean {
    switch (code) {
      case '(':
        this.#stack.push(MARK);
        return true;
      case ')':
        return this.#tuple(0);
      case '\x85':
      case '\x86':
      case '\x87':
        return this.#tuple(code.charCodeAt(0) - 0x84);
      case 't':
        return this.#pushed({ kind: 'tuple', items: this.#toMark() });
      case ']':
        return this.#pushed({ kind: 'list', items: [] });
      case 'l':
        return this.#pushed({ kind: 'list', items: this.#toMark() });
      case '}':
        return this.#pushed({ kind: 'map', entries: new Map() });
      case 'a':
        return this.#append([this.#pop()]);
      case 'e':
        return this.#append(this.#toMark());
      case 's': {
        const value = this.#pop();
        return this.#set([this.#pop(), value]);
      }
      case 'u':
        return this.#set(this.#toMark());
      default:
        return this.#remember(code);
    }
  }

  #remember(code: string): boolean {
    switch (code) {
      case 'q':
        this.#memo.set(this.#byte(), this.#top());
        return true;
      case 'r':
        this.#memo.set(this.#uint32(), this.#top());
        return true;
      case '\x94':
        this.#memo.set(this.#memo.size, this.#top());
        return true;
      case 'h':
        return this.#recall(this.#byte());
      case 'j':
        return this.#recall(this.#uint32());
      case '\x80': // protocol
        this.at += 1;
        return true;
      case '\x95': // frame
        this.at += 8;
        return true;
      case '0':
        this.#pop();
        return true;
      default:
        return false;
    }
  }

  #recall(index: number): boolean {
    const known = this.#memo.get(index);
    if (known === undefined) throw new RangeError(`it recalls what it never kept (${index})`);
    return this.#pushed(known);
  }

  #pushed(value: Pickled): true {
    this.#stack.push(value);
    return true;
  }

  #tuple(length: number): true {
    const items = Array.from({ length }, () => this.#pop()).reverse();
    return this.#pushed({ kind: 'tuple', items });
  }

  #append(items: readonly Pickled[]): true {
    const list = this.#top();
    if (!isKind(list, 'list')) throw new RangeError('it appends to what is no list');
    list.items.push(...items);
    return true;
  }

  #set(pairs: readonly Pickled[]): true {
    const map = this.#top();
    if (!isKind(map, 'map')) throw new RangeError('it sets entries of what is no map');
    for (let i = 0; i + 1 < pairs.length; i += 2) map.entries.set(pairs[i]!, pairs[i + 1]!);
    return true;
  }

  /** Whatever names something outside the pickle. */
  #call(code: string): boolean {
    switch (code) {
      case 'c': {
        const module = this.#line();
        return this.#global(`${module}.${this.#line()}`);
      }
      case '\x93': {
        const name = this.#pop();
        return this.#global(`${String(this.#pop())}.${String(name)}`);
      }
      case 'Q':
        return this.#pushed(storageOf(this.#pop()));
      case 'R': {
        const args = this.#pop();
        return this.#pushed(called(this.#pop(), args));
      }
      case 'b': // attributes of an OrderedDict (`_metadata`) or hooks of a tensor: nothing that is looked at
        this.#pop();
        return true;
      default:
        return false;
    }
  }

  #global(name: string): true {
    if (!ALLOWED.test(name)) throw new ForbiddenGlobal(name);
    return this.#pushed({ kind: 'global', name });
  }
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

/** Little endian, two's complement. Beyond 2^53 only a magic number is, which nobody computes with. */
function wholeNumber(bytes: Uint8Array): number {
  const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return Number(BigInt.asIntN(Math.max(8 * bytes.length, 1), value));
}

type Kind = Extract<Pickled, { readonly kind: string }>['kind'];

/** Whether a value is of a kind. */
export const isKind = <K extends Kind>(
  value: Pickled,
  kind: K,
): value is Extract<Pickled, { readonly kind: K }> =>
  typeof value === 'object' && value !== null && value.kind === kind;

/** `('storage', type, key, device, length)`, and in old files a view `(key, shift, length)` behind it. */
function storageOf(id: Pickled): PickledStorage {
  if (!isKind(id, 'tuple')) throw new RangeError('it has a storage without an identity');
  const [tag, type, key, , , view] = id.items;
  if (tag !== 'storage' || type === undefined || !isKind(type, 'global') || typeof key !== 'string')
    throw new RangeError('it has a storage without an identity');
  const shift = view !== undefined && isKind(view, 'tuple') ? Number(view.items[1]) : 0;
  return { kind: 'storage', type: type.name.replace(/^torch\./, ''), key, shift };
}

/** The entries that an OrderedDict is made with: in pickles of Python 2 a list of pairs, else none. */
function pairsIn(list: Pickled | undefined): [Pickled, Pickled][] {
  if (list === undefined || !isKind(list, 'list')) return [];
  return list.items.map((pair) => {
    if (!isKind(pair, 'list') && !isKind(pair, 'tuple'))
      throw new RangeError('it has a map of what are no pairs');
    return [pair.items[0]!, pair.items[1]!];
  });
}

function called(callee: Pickled, args: Pickled): Pickled {
  if (!isKind(callee, 'global') || !isKind(args, 'tuple'))
    throw new RangeError('it calls what is no function');
  const { items } = args;
  if (callee.name === 'collections.OrderedDict') return { kind: 'map', entries: new Map(pairsIn(items[0])) };
  if (callee.name === 'torch.Size') return items[0] ?? { kind: 'tuple', items: [] };
  if (callee.name === 'torch._utils._rebuild_parameter') return items[0]!;
  const [storage, offset, dims, strides] = items;
  const numbers = (value: Pickled | undefined): readonly number[] => {
    if (value === undefined || !isKind(value, 'tuple'))
      throw new RangeError('it has a tensor without a shape');
    return value.items.map(Number);
  };
  if (storage === undefined || !isKind(storage, 'storage'))
    throw new RangeError('it has a tensor without values');
  return { kind: 'tensor', storage, offset: Number(offset), dims: numbers(dims), strides: numbers(strides) };
}
