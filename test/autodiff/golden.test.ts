import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cotangentName, gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { readModel } from '../../src/onnx/files.ts';
import { tensor, toFloat32 } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { goldenCases, goldenTensors, relativeError } from '../golden-gradients.ts';
import { describeShared } from '../shared.ts';

describeShared('gradients of golden models', ['golden', 'gradients'], (folder) => {
  it.each(goldenCases(folder))('$name agrees with PyTorch in float64', async (golden) => {
    const { inputs, output, wrt } = golden;
    const model = await readModel(join(golden.folder, 'model.onnx'));
    const session = await openSession(gradientGraph(model, { cotangent: [output], wrt }), { threads: 1 });
    const { [output]: ct } = await goldenTensors(golden, 'ct', [output]);
    const results = await session.run({
      ...(await goldenTensors(golden, 'in', inputs)),
      [cotangentName(output)]: tensor('float32', ct!.dims, toFloat32(ct!)),
    });
    await session.close();
    const { [output]: y } = await goldenTensors(golden, 'out', [output]);
    expect(relativeError(results[output], y!)).toBeLessThan(1e-5);
    const expected = await goldenTensors(golden, 'grad', wrt);
    for (const x of wrt) expect(relativeError(results[gradientName(x)], expected[x]!), x).toBeLessThan(1e-5);
  });
});
