import { describe, expect, it } from 'vitest';
import { cotangentName, gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { RULES } from '../../src/autodiff/rules.ts';
import { builtModel, graphBuilder } from '../../src/onnx/builder.ts';
import type { Model, ValueInfo } from '../../src/onnx/model.ts';
import { fromNumbers, type Tensor, toFloat64 } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { CASES, type Case } from './cases.ts';
import { checkGradients } from './finite-differences.ts';

/** The model of a case; with `dynamic`, every size of every float input has a name instead of a number. */
function modelOf({ inputs, build, domain, weights = [] }: Case, opset: number, dynamic: boolean): Model {
  const infos = Object.entries(inputs).map(([name, { dtype, dims }]): ValueInfo => {
    const free = dynamic && dtype === 'float32' && !weights.includes(name);
    return { name, dtype, shape: free ? dims.map((_, axis) => `${name}${axis}`) : dims };
  });
  const g = graphBuilder({ opset, taken: Object.keys(inputs) });
  for (const { name, dtype, shape } of infos) g.declare(name, { dtype: dtype!, shape: shape as number[] });
  const outputs = build(g, Object.fromEntries(infos.map(({ name }) => [name, name])));
  return builtModel(g, infos, outputs, { opsets: domain === undefined ? {} : { [domain]: 1 } });
}

const floats = (inputs: Readonly<Record<string, Tensor>>): string[] =>
  Object.entries(inputs).flatMap(([name, { dtype }]) => (dtype === 'float32' ? [name] : []));

async function check(one: Case, opset: number, dynamic: boolean): Promise<void> {
  const model = modelOf(one, opset, dynamic);
  const findings = await checkGradients(model, one.inputs, floats(one.inputs));
  for (const { name, error, largest } of findings) {
    expect(error, `${name}, operator set ${opset}, ${dynamic ? 'dynamic' : 'static'} shapes`).toBeLessThan(
      2e-3,
    );
    if (one.zero) expect(largest).toBe(0);
    else expect(largest).toBeGreaterThan(0);
  }
}

/** The gradient by every input is the cotangent times `expected`. */
async function checkStraightThrough(one: Case, factor: number): Promise<void> {
  const model = modelOf(one, 17, false);
  const [y] = model.graph.outputs;
  const { x } = one.inputs;
  const session = await openSession(gradientGraph(model, { cotangent: [y!.name], wrt: ['x'] }));
  const ct = fromNumbers(
    'float32',
    x!.dims,
    Array.from({ length: x!.data.length }, (_, i) => i - 2),
  );
  const results = await session.run({ ...one.inputs, [cotangentName(y!.name)]: ct });
  await session.close();
  const found = toFloat64(results[gradientName('x')]!);
  expect([...found]).toEqual([...toFloat64(ct)].map((value) => value * factor));
}

describe('the table of rules', () => {
  it('has a case for every rule', () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(RULES).sort());
  });

  const cases = Object.entries(CASES).map(([name, given]): [string, readonly Case[]] => [
    name,
    Array.isArray(given) ? given : [given],
  ]);

  it.each(cases)('%s agrees with finite differences', async (_name, list) => {
    for (const one of list) {
      if (one.expected !== undefined) {
        await checkStraightThrough(one, one.expected);
        continue;
      }
      for (const opset of one.opsets ?? [17, 21]) {
        await check(one, opset, false);
        if (one.staticOnly !== true) await check(one, opset, true);
      }
    }
  });
});
