import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/onnx/encode.ts';
import { readNpy, writeNpy } from '../../src/onnx/npy.ts';
import { fromNumbers } from '../../src/onnx/tensor.ts';
import { builtProgram } from '../built-program.ts';
import { modelOf, node, port } from '../runtime/models.ts';

const program = builtProgram();
let dir: string;

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program in the test's folder. */
const craquelure = (...args: string[]): Promise<Answer> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: dir }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });

const square = modelOf({
  inputs: [port('in/x', ['n'])],
  outputs: [port('y', ['n'])],
  nodes: [node('Mul', ['in/x', 'in/x'], ['y'])],
});

const unknown = modelOf({
  inputs: [port('x', [2])],
  outputs: [port('y', [2])],
  nodes: [node('Frobnicate', ['x'], ['y'])],
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vjp-'));
  await writeFile(join(dir, 'square.onnx'), encodeModel(square));
  await writeFile(join(dir, 'unknown.onnx'), encodeModel(unknown));
  await writeFile(join(dir, 'cut.onnx'), encodeModel(square).subarray(0, 40));
  await writeNpy(join(dir, 'x.npy'), fromNumbers('float32', [2], [3, 4]));
  await writeNpy(join(dir, 'ct.npy'), fromNumbers('float64', [2], [1, 10]));
});
afterAll(() => rm(dir, { recursive: true }));

const request = ['--input', 'in/x=x.npy', '--cotangent', 'y=ct.npy', '--wrt', 'in/x'];

describe('craquelure vjp', () => {
  it.each(['onnx', 'tfjs'])('writes outputs and gradients by engine %s', async (engine) => {
    const args = ['vjp', 'square.onnx', ...request, '--out', engine, '--engine', engine, '--json'];
    const { code, stdout } = await craquelure(...args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      engine,
      files: [
        { kind: 'out', name: 'y', file: join(engine, 'out.y.npy'), dtype: 'float32', shape: [2] },
        { kind: 'grad', name: 'in/x', file: join(engine, 'grad.in%2Fx.npy'), dtype: 'float32', shape: [2] },
      ],
    });
    expect(await readNpy(join(dir, engine, 'out.y.npy'))).toEqual(fromNumbers('float32', [2], [9, 16]));
    expect(await readNpy(join(dir, engine, 'grad.in%2Fx.npy'))).toEqual(fromNumbers('float32', [2], [6, 80]));
  });

  it.each([
    ['an unknown name', 2, ['square.onnx', ...request.with(5, 'z')], /Unknown input or weight 'z'/],
    ['a missing file', 1, ['none.onnx', ...request], /Cannot use model 'none.onnx': ENOENT/],
    ['a truncated file', 1, ['cut.onnx', ...request], /Cannot use model 'cut.onnx'/],
    ['an array that is none', 1, ['square.onnx', ...request.with(1, 'in/x=cut.onnx')], /not a .npy file/],
    ['a bare path', 2, ['square.onnx', ...request.with(1, 'x.npy')], /Expected NAME=FILE.npy for --input/],
    ['no cotangent', 2, ['square.onnx', ...request.toSpliced(2, 2)], /cotangent/],
  ])('refuses %s and writes nothing', async (_, exit, args, message) => {
    const { code, stdout, stderr } = await craquelure('vjp', ...args, '--out', 'refused', '--json');
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(exit);
    expect(await readdir(dir)).not.toContain('refused');
  });
});

describe('craquelure gradcheck', () => {
  it('confirms a right gradient', async () => {
    const { code, stdout } = await craquelure('gradcheck', 'square.onnx', '--size', 'n=5', '--json');
    expect(code).toBe(0);
    const { missing, passed, checks } = JSON.parse(stdout);
    expect({ missing, passed }).toEqual({ missing: [], passed: true });
    expect(checks.map((check: { wrt: string }) => check.wrt)).toEqual(['in/x', 'in/x', 'in/x']);
  });

  it('lists operators without a rule, and fails', async () => {
    const { code, stdout, stderr } = await craquelure('gradcheck', 'unknown.onnx', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ missing: ['Frobnicate'], passed: false });
    expect(stderr).toContain('Frobnicate');
  });
});
