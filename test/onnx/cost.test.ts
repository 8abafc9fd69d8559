import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { graphCost } from '../../src/onnx/cost.ts';
import { readModel } from '../../src/onnx/files.ts';
import { temporaryFolder } from '../models/fixture.ts';
import { modelOf, node, port } from '../runtime/models.ts';
import { writeTinyDiffusion } from '../tiny-diffusion.ts';

describe('the cost of a graph', () => {
  const products = modelOf({
    inputs: [
      port('x', ['n', 3, 'h', 'w']),
      port('kernel', [8, 3, 3, 3]),
      port('a', ['n', 5]),
      port('b', [5, 7]),
    ],
    outputs: [port('y', ['n', 8, 'h2', 'w2']), port('z', ['n', 7])],
    nodes: [node('Conv', ['x', 'kernel'], ['y']), node('MatMul', ['a', 'b'], ['z'])],
  });

  it('counts the multiplications of convolutions and matrix products, and bytes of what they give', () => {
    const cost = graphCost(products, { x: [2, 3, 10, 12], a: [4, 5] });
    const [y, z] = [2 * 8 * 8 * 10, 4 * 7];
    expect(cost).toEqual({ multiplications: y * 3 * 3 * 3 + z * 5, activationBytes: 4 * (y + z) });
    expect(graphCost(products, {})).toBeUndefined();
  });

  it("is known for a U-Net of Stable Diffusion's layers, and four times as large for twice the side but for attention", async () => {
    const unet = await readModel(
      join(await writeTinyDiffusion(join(await temporaryFolder(), 'tiny')), 'unet', 'model.onnx'),
    );
    const at = (cells: number) =>
      graphCost(unet, { sample: [1, 4, cells, cells], timestep: [1], encoder_hidden_states: [1, 77, 12] })!
        .multiplications;
    expect(at(16) / at(8)).toBeGreaterThan(3.5);
    expect(at(64) / at(32)).toBeGreaterThan(4);
  });
});
