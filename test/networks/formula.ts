/** @file Weights that the script of the goldens and the tests both compute, so that no checkpoint has to be kept. */
import { readFile } from 'node:fs/promises';
import { encodeSafetensors } from '../../src/onnx/safetensors.ts';
import { type NamedTensors, tensor, type TensorOf } from '../../src/onnx/tensor.ts';

/** `formula` of the script: numbers of -0.5..0.5. */
export function formula(k: number, count: number, then: (u: number) => number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const u = (((i * i) % 20011) * 31 + i * 7919 + k * 104729) % 20011;
    values[i] = then(u / 20011 - 0.5);
  }
  return values;
}

const countOf = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** A picture of 0..1, or scaled and shifted from there. */
export const picture = (
  k: number,
  dims: readonly number[],
  then = (u: number) => u + 0.5,
): TensorOf<'float32'> => tensor('float32', dims, formula(k, countOf(dims), then));

/** `by_formula` of the script for shapes by name: the bytes of a safetensors file. */
export async function checkpointByFormula(shapes: string): Promise<Uint8Array> {
  const named = JSON.parse(await readFile(shapes, 'utf8')) as Readonly<Record<string, readonly number[]>>;
  const names = Object.keys(named).sort();
  const tensors: NamedTensors = Object.fromEntries(
    names.map((name, k) => {
      const dims = named[name]!;
      const spread = Math.sqrt((12 * 2) / countOf(dims.slice(1)));
      const scaled = (u: number): number => {
        if (dims.length > 1) return u * spread;
        return /bn\.weight$|running_var$/.test(name) ? 1 + u / 2 : u / 5;
      };
      return [name, tensor('float32', dims, formula(k, countOf(dims), scaled))];
    }),
  );
  return encodeSafetensors(tensors);
}
