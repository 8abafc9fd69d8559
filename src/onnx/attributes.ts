/** @file Making and reading the attributes of a node. */
import { type Attribute, DATA_TYPES, type DataType, type Node } from './model.ts';

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
export const text = (value: string): Attribute => ({ kind: 'string', value });
export const dtypeCode = (dtype: DataType): Attribute => int(DATA_TYPES.indexOf(dtype));

/** An integer attribute, or what it is where absent. */
export function intOf(node: Node, name: string, absent: number): number {
  const attribute = node.attributes[name];
  return attribute?.kind === 'int' ? attribute.value : absent;
}

/** A float attribute, or what it is where absent. */
export function floatOf(node: Node, name: string, absent: number): number {
  const attribute = node.attributes[name];
  return attribute?.kind === 'float' ? attribute.value : absent;
}

/** A list of integers; undefined where absent. */
export function intsOf(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes[name];
  return attribute?.kind === 'ints' ? attribute.value : undefined;
}

/** A text attribute, or what it is where absent. */
export function textOf(node: Node, name: string, absent: string): string {
  const attribute = node.attributes[name];
  return attribute?.kind === 'string' ? attribute.value : absent;
}
