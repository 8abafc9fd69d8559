/** @file The golden gradient cases: models with inputs, outputs and gradients that PyTorch computed in float64. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readNpy } from '../src/onnx/npy.ts';
import { type NamedTensors, type Tensor, toFloat64 } from '../src/onnx/tensor.ts';

export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly wrt: readonly string[];
}

/** The cases in a folder of them. */
export function goldenCases(folder: string): GoldenCase[] {
  return readdirSync(folder).map((name) => {
    const text = readFileSync(join(folder, name, 'case.json'), 'utf8');
    return {
      name,
      folder: join(folder, name),
      ...(JSON.parse(text) as Pick<GoldenCase, 'inputs' | 'output' | 'wrt'>),
    };
  });
}

/** Tensors of a case by name: `in`, `out`, `ct` or `grad`. */
export async function goldenTensors(
  golden: GoldenCase,
  kind: 'in' | 'out' | 'ct' | 'grad',
  names: readonly string[],
): Promise<NamedTensors> {
  const pairs = names.map(
    async (name) => [name, await readNpy(join(golden.folder, `${kind}.${name}.npy`))] as const,
  );
  return Object.fromEntries(await Promise.all(pairs));
}

/** `max |actual - expected| / max |expected|`; infinity where the shapes differ. */
export function relativeError(actual: Tensor | undefined, expected: Tensor): number {
  if (actual === undefined || actual.dims.join() !== expected.dims.join()) return Number.POSITIVE_INFINITY;
  const [a, e] = [toFloat64(actual), toFloat64(expected)];
  const difference = e.reduce((max, value, i) => Math.max(max, Math.abs(value - a[i]!)), 0);
  return difference === 0 ? 0 : difference / e.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}
