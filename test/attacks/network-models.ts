/** @file Small networks for attacks, and models opened as plug-ins get them. */
import { catalogue } from '../../src/models/catalogue/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { modelHome } from '../../src/models/home.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import type { ModelRole } from '../../src/models/roles.ts';
import type { ModelPool, RoleModels } from '../../src/models/pool.ts';
import { builtModel, graphBuilder } from '../../src/onnx/builder.ts';
import type { Model } from '../../src/onnx/model.ts';
import { emptyHome } from '../models/fixture.ts';
import { port } from '../runtime/models.ts';

/** A mean over 3x3 pixels, or pixels four times as large: what a denoiser and an upscaler do at the least. */
export function filter(output: 'denoised' | 'upscaled'): Model {
  const g = graphBuilder({ opset: 17 });
  const image = port('image', ['n', 3, 'h', 'w']);
  g.declare('image', { dtype: 'float32', shape: ['n', 3, 'h', 'w'] });
  const ninths = g.constant('float32', [3, 1, 3, 3], new Array(27).fill(1 / 9));
  const blurred = g.Conv('image', ninths, { pads: [1, 1, 1, 1], group: 3 });
  const scales = g.constant('float32', [4], [1, 1, 4, 4]);
  const result = output === 'denoised' ? blurred : g.emit('Resize', [blurred, '', scales])[0]!;
  g.append({
    name: 'out',
    opType: 'Identity',
    domain: '',
    inputs: [result],
    outputs: [output],
    attributes: {},
  });
  return builtModel(g, [image], [output]);
}

/** The models of some choices, opened on a shelf; roles that nobody chose are played by what ships with the package. */
export async function modelsOf(
  shelf: ModelPool,
  choices: Readonly<Record<string, unknown>>,
  roles: readonly ModelRole[],
): Promise<RoleModels> {
  const needs = roles.map((role) => ({ role, by: 'test' }));
  const home = await emptyHome({ entries: catalogue, embedded: modelHome().embedded });
  return shelf.of(await resolveNeeds(needs, parseModelChoices(choices), { home, baseDirs: ['/'] }));
}
