/** @file Gradients against central differences of the model itself, along random directions. */
import { cotangentName, gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { opsetOf, type Model } from '../../src/onnx/model.ts';
import { type NamedTensors, type Tensor, tensor, toFloat64 } from '../../src/onnx/tensor.ts';
import { seededRandom } from '../../src/random.ts';
import { openSession, type Session } from '../../src/runtime/session.ts';

/** What a check found, for one name in `wrt`. */
export interface Finding {
  readonly name: string;
  /** The largest difference over all directions, as a share of the largest slope or of `floor`. */
  readonly error: number;
  /** The largest entry of the gradient. */
  readonly largest: number;
}

/** Half the distance of the two inner points of the difference; the outer ones are twice as far. */
const STEP = 0.01;

/**
 * Compares `<gradient, v>` with a fourth-order central difference of `<ct, y>` for random signs v. Rounding of
 * float32 gives an error of about 1e-7 |y| / STEP, so slopes that small are compared with that floor instead.
 */
export async function checkGradients(
  model: Model,
  feeds: NamedTensors,
  wrt: readonly string[],
  { step = STEP, directions = 4 }: { step?: number; directions?: number } = {},
): Promise<Finding[]> {
  const random = seededRandom(opsetOf(model));
  const forward = await openSession(model, { threads: 1, optimization: 'basic' });
  const y = model.graph.outputs.map(({ name }) => name);
  const outputs = await forward.run(feeds, y);
  const cts = Object.fromEntries(
    y.map((name) => [name, Float64Array.from({ length: outputs[name]!.data.length }, () => random.normal())]),
  );
  const gradients = await gradientsOf(model, feeds, outputs, cts, wrt);
  const findings: Finding[] = [];
  for (const name of wrt) {
    const gradient = toFloat64(gradients[gradientName(name)]!);
    const floor = Math.max(...gradient.map(Math.abs), 1e-2);
    let error = 0;
    for (let d = 0; d < directions; d++) {
      const v = Float64Array.from(gradient, () => random.sign());
      const analytic = gradient.reduce((sum, value, i) => sum + value * v[i]!, 0);
      const numeric = await slope(forward, feeds, name, v, cts, step);
      error = Math.max(error, Math.abs(analytic - numeric) / Math.max(Math.abs(numeric), floor));
    }
    findings.push({ name, error, largest: Math.max(0, ...gradient.map(Math.abs)) });
  }
  await forward.close();
  return findings;
}

async function gradientsOf(
  model: Model,
  feeds: NamedTensors,
  outputs: NamedTensors,
  cts: Readonly<Record<string, Float64Array>>,
  wrt: readonly string[],
): Promise<NamedTensors> {
  const session = await openSession(gradientGraph(model, { cotangent: Object.keys(cts), wrt }), {
    threads: 1,
  });
  const seeds = Object.entries(cts).map(([name, ct]): [string, Tensor] => [
    cotangentName(name),
    tensor('float32', outputs[name]!.dims, Float32Array.from(ct)),
  ]);
  const gradients = await session.run({ ...feeds, ...Object.fromEntries(seeds) });
  await session.close();
  return gradients;
}

/** `(8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h` along v */
async function slope(
  session: Session,
  feeds: NamedTensors,
  name: string,
  v: Float64Array,
  cts: Readonly<Record<string, Float64Array>>,
  step: number,
): Promise<number> {
  const x = feeds[name]!;
  const at = async (h: number): Promise<number> => {
    const moved = Float32Array.from(toFloat64(x), (value, i) => value + h * v[i]!);
    const results = await session.run({ ...feeds, [name]: tensor('float32', x.dims, moved) });
    return Object.entries(cts).reduce(
      (sum, [y, ct]) => sum + toFloat64(results[y]!).reduce((s, value, i) => s + value * ct[i]!, 0),
      0,
    );
  };
  const inner = (await at(step)) - (await at(-step));
  const outer = (await at(2 * step)) - (await at(-2 * step));
  return (8 * inner - outer) / (12 * step);
}
