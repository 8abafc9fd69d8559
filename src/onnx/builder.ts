/** @file Building graphs node by node: fresh names, shared constants, and the type of every value on the way. */
import { constantType, inferNode, type ValueType } from './infer.ts';
import type { Graph, Model, Node, StoredTensor, ValueInfo } from './model.ts';
import { type Emitter, type Operators, operators, type Value } from './operators.ts';
import { type DType, fromNumbers, tensorBytes } from './tensor.ts';

/** A graph under construction. Beside these it has one function per operator, named as the operator. */
export interface GraphBuilder extends Emitter, Operators {
  /** The nodes so far, in topological order. */
  readonly nodes: readonly Node[];
  /** The constants so far. */
  readonly initializers: readonly StoredTensor[];
  /** A name that no value has yet, beginning like `hint`. */
  fresh(hint: string): Value;
  /** Adds a node as it stands; its output names have to be new. */
  append(node: Node): void;
  /** Tells the type of a value that comes from elsewhere. */
  declare(value: Value, type: ValueType): void;
  /** What is known about a value. */
  typeOf(value: Value): ValueType;
  /** A model's weight as it stands, under a name that no value has yet; stored once, however often it is asked for. */
  weight(tensor: StoredTensor, prefix?: string): Value;
  /** A constant; equal small constants are one. */
  constant(dtype: DType, dims: readonly number[], values: ArrayLike<number>): Value;
  /** A scalar of the element type of `like`. */
  scalar(value: number, like: Value): Value;
}

/** Starts a graph in an operator set. Nothing made here is named as one of `taken`. */
export function graphBuilder({
  opset,
  taken = [],
}: {
  opset: number;
  taken?: Iterable<string>;
}): GraphBuilder {
  const nodes: Node[] = [];
  const types = new Map<Value, ValueType>();
  const { fresh, take } = freshNames(taken);

  const typeOf = (value: Value): ValueType => types.get(value) ?? {};

  const declare = (value: Value, type: ValueType): void => {
    take(value);
    types.set(value, type);
  };

  const append = (node: Node): void => {
    nodes.push(node);
    const outputs = inferNode(node, typeOf, opset);
    node.outputs.forEach((output, i) => {
      if (output !== '') declare(output, { ...types.get(output), ...outputs[i] });
    });
  };

  const emit: GraphBuilder['emit'] = (opType, inputs, attributes = {}, options = {}) => {
    const { domain = '', outputs = 1, hint = opType } = options;
    const made = Array.from({ length: outputs }, () => fresh(hint));
    append({ name: made[0]!, opType, domain, inputs: trimmed(inputs), outputs: made, attributes });
    return made;
  };

  const { initializers, constant, weight } = storedValues(fresh, declare);
  const emitter: Emitter = { opset, emit, ints: (values) => constant('int64', [values.length], values) };
  const bound = operators(emitter);
  const scalar = (value: number, like: Value): Value => {
    const { dtype = 'float32' } = typeOf(like);
    // There are no bfloat16 arrays in JavaScript.
    if (dtype === 'bfloat16') return bound.Cast(constant('float32', [], [value]), dtype);
    return constant(dtype as DType, [], [value]);
  };
  const own = { nodes, initializers, fresh, append, declare, typeOf, weight, constant, scalar };
  return { ...emitter, ...bound, ...own };
}

/** The constants and weights of a graph: each is stored once, constants if they are small. */
function storedValues(
  fresh: GraphBuilder['fresh'],
  declare: GraphBuilder['declare'],
): Pick<GraphBuilder, 'initializers' | 'constant' | 'weight'> {
  const initializers: StoredTensor[] = [];
  const constants = new Map<string, Value>();
  const weights = new Map<StoredTensor, Value>();

  const constant: GraphBuilder['constant'] = (dtype, dims, values) => {
    const raw = tensorBytes(fromNumbers(dtype, dims, values));
    const key = raw.length > 256 ? undefined : `${dtype}[${dims}]${Buffer.from(raw).toString('latin1')}`;
    const known = key === undefined ? undefined : constants.get(key);
    if (known !== undefined) return known;
    const name = fresh('const');
    initializers.push({ name, dtype, dims, raw });
    declare(name, {
      dtype,
      shape: dims,
      ...((dtype === 'int64' || dtype === 'int32') && { value: Array.from(values) }),
    });
    if (key !== undefined) constants.set(key, name);
    return name;
  };

  const weight: GraphBuilder['weight'] = (tensor, prefix = '') => {
    const known = weights.get(tensor);
    if (known !== undefined) return known;
    const name = fresh(prefix + tensor.name);
    initializers.push({ ...tensor, name });
    declare(name, constantType(tensor));
    weights.set(tensor, name);
    return name;
  };

  return { initializers, constant, weight };
}

/**
 * The model that a builder has built, fed with `inputs` and giving the values named `outputs`. `opsets` are those of
 * further domains that its nodes are from, `folder` is where weights lie that are kept outside.
 */
export function builtModel(
  g: GraphBuilder,
  inputs: readonly ValueInfo[],
  outputs: readonly Value[],
  {
    name = 'graph',
    opsets = {},
    folder,
  }: { name?: string; opsets?: Readonly<Record<string, number>>; folder?: string | undefined } = {},
): Model {
  const infoOf = (value: Value): ValueInfo => {
    const { dtype, shape } = g.typeOf(value);
    const dims = shape?.map((size) => (typeof size === 'number' || /^\w+$/.test(size) ? size : null));
    return { name: value, ...(dtype !== undefined && { dtype }), ...(dims !== undefined && { shape: dims }) };
  };
  const graph: Graph = {
    name,
    nodes: g.nodes,
    inputs,
    outputs: outputs.map(infoOf),
    initializers: g.initializers,
    valueInfo: [],
  };
  return {
    irVersion: irVersionOf(g.opset),
    opsets: { ...opsets, '': g.opset },
    graph,
    functions: [],
    metadata: {},
    ...(folder !== undefined && { folder }),
  };
}

/** The version of the file format that came with an operator set. */
const irVersionOf = (opset: number): number => (opset >= 21 ? 10 : opset >= 19 ? 9 : 8);

function freshNames(taken: Iterable<string>): { fresh(hint: string): string; take(name: string): void } {
  const names = new Set(taken);
  const next = new Map<string, number>();
  return {
    take: (name) => names.add(name),
    fresh: (hint) => {
      for (let i = next.get(hint) ?? 0; ; i++) {
        const name = i === 0 ? hint : `${hint}_${i}`;
        if (names.has(name)) continue;
        next.set(hint, i + 1);
        names.add(name);
        return name;
      }
    },
  };
}

/** Optional inputs left out at the end are not written at all. */
const trimmed = (inputs: readonly Value[]): readonly Value[] =>
  inputs.slice(0, inputs.findLastIndex((input) => input !== '') + 1);
