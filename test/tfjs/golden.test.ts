import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readModel } from '../../src/onnx/files.ts';
import { loadTfjs } from '../../src/tfjs/load.ts';
import { differentiate } from '../../src/tfjs/vjp.ts';
import { goldenCases, goldenTensors, relativeError } from '../golden-gradients.ts';
import { describeShared } from '../shared.ts';

await loadTfjs('cpu');

describeShared('engine tfjs on the golden cases', ['golden', 'gradients'], (folder) => {
  it.each(goldenCases(folder))('$name', async (golden) => {
    const model = await readModel(join(golden.folder, 'model.onnx'));
    const inputs = await goldenTensors(golden, 'in', golden.inputs);
    const cotangents = await goldenTensors(golden, 'ct', [golden.output]);
    const { outputs, gradients } = differentiate(model, { inputs, cotangents, wrt: golden.wrt });
    const out = await goldenTensors(golden, 'out', [golden.output]);
    expect(relativeError(outputs[golden.output], out[golden.output]!)).toBeLessThan(1e-5);
    const expected = await goldenTensors(golden, 'grad', golden.wrt);
    for (const name of golden.wrt) {
      expect(relativeError(gradients[name], expected[name]!), name).toBeLessThan(1e-4);
    }
  });
});
