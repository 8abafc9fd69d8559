import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/onnx/encode.ts';
import { readModel } from '../../src/onnx/files.ts';
import type { Model, ModelFunction, Node } from '../../src/onnx/model.ts';
import { readSafetensors } from '../../src/onnx/safetensors.ts';
import { inlineFunctions } from '../../src/onnx/transforms/inline.ts';
import { temporaryFolder } from '../models/fixture.ts';

const node = (opType: string, inputs: readonly string[], outputs: readonly string[], domain = ''): Node => ({
  name: '',
  opType,
  domain,
  inputs,
  outputs,
  attributes: {},
});

const body = (name: string, nodes: readonly Node[]): ModelFunction => ({
  name,
  domain: 'f',
  overload: '',
  inputs: ['x'],
  outputs: ['y'],
  attributes: [],
  attributeDefaults: {},
  nodes,
  opsets: { '': 17 },
});

const modelOf = (nodes: readonly Node[], functions: readonly ModelFunction[] = []): Model => ({
  irVersion: 8,
  opsets: { '': 17, f: 1 },
  graph: {
    name: 'g',
    nodes,
    inputs: [{ name: 'x', dtype: 'float32', shape: [1] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [1] }],
    initializers: [],
    valueInfo: [],
  },
  functions,
  metadata: {},
});

describe('a model without end', () => {
  it('of functions that call each other twice is refused', () => {
    const functions = Array.from({ length: 30 }, (_, i) =>
      body(
        `f${i}`,
        i === 29
          ? [node('Relu', ['x'], ['y'])]
          : [node(`f${i + 1}`, ['x'], ['m'], 'f'), node(`f${i + 1}`, ['m'], ['y'], 'f')],
      ),
    );
    const bomb = modelOf([node('f0', ['x'], ['y'], 'f')], functions);
    expect(() => inlineFunctions(bomb)).toThrow(/stand for more than 200000 operators/);
  });

  it('of a function that calls itself is refused', () => {
    const model = modelOf([node('f', ['x'], ['y'], 'f')], [body('f', [node('f', ['x'], ['y'], 'f')])]);
    expect(() => inlineFunctions(model)).toThrow(/call each other more than 100 deep/);
  });

  it('of an operator with 50,000 inputs is refused', async () => {
    const path = join(await temporaryFolder(), 'wide.onnx');
    await writeFile(path, encodeModel(modelOf([node('Sum', Array(50_000).fill('x'), ['y'])])));
    await expect(readModel(path)).rejects.toThrow(/an operator Sum has 50000 inputs, and at most 10000/);
  });
});

describe('a safetensors file', () => {
  const write = async (header: object, bytes: number): Promise<string> => {
    const path = join(await temporaryFolder(), 'x.safetensors');
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    await writeFile(path, Buffer.concat([length, text, Buffer.alloc(bytes)]));
    return path;
  };
  const f32 = (begin: number, end: number, dtype = 'F32') => ({
    dtype,
    shape: [(end - begin) / 4],
    data_offsets: [begin, end],
  });

  it.each([
    ['overlap', { a: f32(0, 8), b: f32(4, 12) }, 12, /overlap or leave gaps/],
    ['leave a gap', { a: f32(0, 4), b: f32(8, 12) }, 12, /overlap or leave gaps at byte 4/],
    ['do not begin at the start', { a: f32(4, 8) }, 8, /overlap or leave gaps/],
    ['leave bytes at the end', { a: f32(0, 4) }, 9, /take 4 bytes but it has 9/],
    ['are of type constructor', { a: f32(0, 4, 'constructor') }, 4, /'a' is of type constructor/],
    ['are of type __proto__', { a: f32(0, 4, '__proto__') }, 4, /'a' is of type __proto__/],
  ])('whose tensors %s is refused', async (_, header, bytes, sentence) => {
    await expect(readSafetensors(await write(header, bytes))).rejects.toThrow(sentence);
  });

  it('without gaps is read', async () => {
    const { tensors } = await readSafetensors(await write({ b: f32(4, 12), a: f32(0, 4) }, 12));
    expect(Object.keys(tensors)).toEqual(['b', 'a']);
  });
});
