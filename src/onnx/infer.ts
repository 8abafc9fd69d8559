/** @file Types and shapes of every value of a graph, as far as they follow from its inputs and weights. */
import { ALGEBRA } from './infer/algebra.ts';
import { ELEMENTWISE } from './infer/elementwise.ts';
import { LAYOUT } from './infer/layout.ts';
import { type TypeRule, typed, type ValueType } from './infer/type.ts';
import { WINDOWS } from './infer/windows.ts';
import type { Graph, Node, StoredTensor, ValueInfo } from './model.ts';
import { elementCount, type DType, tensorFromBytes, toFloat64 } from './tensor.ts';

export type { ValueType } from './infer/type.ts';

const RULES: ReadonlyMap<string, TypeRule> = new Map(
  Object.entries({ ...ELEMENTWISE, ...LAYOUT, ...WINDOWS, ...ALGEBRA, Constant: constantNode }),
);

/** Types of a node's outputs; `{}` where nothing follows. */
export function inferNode(
  node: Node,
  typeOf: (value: string) => ValueType,
  opset: number,
): readonly ValueType[] {
  const rule = RULES.get(node.opType);
  if (rule === undefined) return [];
  return rule(
    node.inputs.map((input) => (input === '' ? {} : typeOf(input))),
    node,
    opset,
  );
}

/** The type of a graph's input or of a value that the file describes; unnamed sizes get names of their own. */
export function declaredType({ name, dtype, shape }: ValueInfo): ValueType {
  return typed(
    dtype,
    shape?.map((dim, axis) => dim ?? `?${name}:${axis}`),
  );
}

/** The type of a constant array, with its elements where they are few. */
export function constantType(tensor: StoredTensor): ValueType {
  const { dtype, dims, raw } = tensor;
  return typed(
    dtype,
    dims,
    raw !== undefined && elementCount(dims) <= 64 ? smallValue(tensor, raw) : undefined,
  );
}

const READABLE = new Set<string>(['int64', 'int32', 'bool', 'float32', 'float64', 'float16']);

function smallValue({ dtype, dims }: StoredTensor, raw: Uint8Array): readonly number[] | undefined {
  return READABLE.has(dtype) ? Array.from(toFloat64(tensorFromBytes(dtype as DType, dims, raw))) : undefined;
}

/** `Constant` in all of its spellings. */
function constantNode(_inputs: readonly ValueType[], { attributes }: Node): readonly ValueType[] {
  const { value, value_float, value_int, value_ints, value_floats } = attributes;
  if (value?.kind === 'tensor') return [constantType(value.value)];
  if (value_float?.kind === 'float') return [typed('float32', [], [value_float.value])];
  if (value_int?.kind === 'int') return [typed('int64', [], [value_int.value])];
  if (value_ints?.kind === 'ints') return [typed('int64', [value_ints.value.length], value_ints.value)];
  if (value_floats?.kind === 'floats')
    return [typed('float32', [value_floats.value.length], value_floats.value)];
  return [{}];
}

/** What is known about every value of a graph: declared in the file or inferred, numbers before symbols. */
export function inferTypes(graph: Graph, opset: number): ReadonlyMap<string, ValueType> {
  const types = new Map<string, ValueType>();
  const declared = new Map([...graph.valueInfo, ...graph.outputs].map((info) => [info.name, info]));
  for (const input of graph.inputs) types.set(input.name, declaredType(input));
  for (const tensor of graph.initializers) types.set(tensor.name, constantType(tensor));
  const typeOf = (value: string): ValueType => types.get(value) ?? {};
  for (const node of graph.nodes) {
    const outputs = inferNode(node, typeOf, opset);
    node.outputs.forEach((output, i) => {
      if (output !== '') types.set(output, merged(outputs[i] ?? {}, declared.get(output)));
    });
  }
  return types;
}

/** Inferred sizes keep their spelling, which other sizes may refer to; a declared number settles an unknown one. */
function merged(inferred: ValueType, info: ValueInfo | undefined): ValueType {
  if (info === undefined) return inferred;
  const known = declaredType(info);
  const shape = inferred.shape ?? known.shape;
  const settled =
    shape?.length === known.shape?.length
      ? shape?.map((size, i) => (typeof known.shape![i] === 'number' ? known.shape![i]! : size))
      : shape;
  return typed(inferred.dtype ?? known.dtype, settled, inferred.value);
}
