/**
 * @file The gradient engine: TAESD's encoder differentiated by the image, beside its forward pass and beside PyTorch,
 * all interleaved in one run; then how long differentiating takes for large graphs, without running them.
 *
 * Needs taesd-encoder.onnx in `models` of CRAQUELURE_SHARED (default ../shared). PyTorch is looked for by
 * CRAQUELURE_PYTHON (default python3) and left out where it is absent. ROUNDS sets the number of rounds, CASES
 * the sizes and batches (such as '256x1 512x4').
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gradientGraph } from '../dist/autodiff/gradient.js';
import { encodeModel } from '../dist/onnx/encode.js';
import { readModel, writeModel } from '../dist/onnx/files.js';
import { fromNumbers, toFloat32 } from '../dist/onnx/tensor.js';
import { loadStored } from '../dist/onnx/stored.js';
import { openSession } from '../dist/runtime/session.js';
import { median } from './median.mjs';

const shared = resolve(process.env.CRAQUELURE_SHARED ?? '../shared');
const python = process.env.CRAQUELURE_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('./gradient.py', import.meta.url));
const ROUNDS = Number(process.env.ROUNDS ?? 7);
const CASES = (process.env.CASES ?? '256x1 256x4 512x1 512x4')
  .split(' ')
  .map((each) => each.split('x').map(Number));

export async function bench() {
  const path = join(shared, 'models', 'taesd-encoder.onnx');
  if (!existsSync(path)) return console.log(`skipped: ${path} is absent (set CRAQUELURE_SHARED)`);
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-bench-'));
  try {
    const model = await readModel(path);
    await writePlan(model, dir);
    await timeEncoder(model, dir);
    await peaks(path, dir);
    await timeDifferentiation(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function timeEncoder(model, dir) {
  const graph = gradientGraph(model, { cotangent: ['latent'], wrt: ['image'], outputs: [] });
  const forward = await openSession(model, { threads: 2 });
  const gradient = await openSession(graph, { threads: 2 });
  const torch = await startTorch(dir);
  console.log(`medians of ${ROUNDS} interleaved rounds, 2 threads; PyTorch ${torch?.version ?? 'absent'}`);
  for (const [size, batch] of CASES) {
    const { image, latent } = tensors(size, batch);
    const modes = {
      forward: async () => ran(forward, { image }),
      gradient: async () => ran(gradient, { image, 'ct.latent': latent }),
      ...(torch && {
        'torch forward': () => torch.run('forward', size, batch),
        'torch float32': () => torch.run('float32', size, batch),
        'torch bfloat16': () => torch.run('bfloat16', size, batch),
      }),
    };
    const times = Object.fromEntries(Object.keys(modes).map((name) => [name, []]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, run] of Object.entries(modes)) {
        const ms = await run();
        if (round > 0) times[name].push(ms); // the first warms up
      }
    }
    console.log(summary(size, batch, times));
  }
  await forward.close();
  await gradient.close();
  torch?.end();
}

function tensors(size, batch) {
  const count = batch * 3 * size * size;
  const image = fromNumbers(
    'float32',
    [batch, 3, size, size],
    Array.from({ length: count }, (_, i) => i / count),
  );
  const side = size / 8;
  const ones = new Float32Array(batch * 4 * side * side).fill(1);
  return { image, latent: fromNumbers('float32', [batch, 4, side, side], ones) };
}

async function ran(session, inputs) {
  await session.run(inputs);
  return session.lastRun().ms;
}

function summary(size, batch, times) {
  const ms = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
  const shown = Object.entries(ms).map(([name, value]) => `${name} ${Math.round(value)} ms`);
  const ratios = ['forward', 'torch float32', 'torch bfloat16']
    .filter((name) => ms[name] !== undefined)
    .map((name) => `gradient / ${name} ${(ms.gradient / ms[name]).toFixed(2)}`);
  return `${size} px, batch ${batch}: ${[...shown, ...ratios].join(', ')}`;
}

/** The network as data for gradient.py and protections.py: TAESD's encoder is made of Conv, Relu and Add alone. */
export async function writePlan(model, dir) {
  const { nodes, inputs, outputs, initializers } = model.graph;
  let start = 0;
  const weights = {};
  const parts = initializers.map((stored) => {
    const values = toFloat32(loadStored(stored, model.folder));
    weights[stored.name] = [start, stored.dims];
    start += values.length;
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  });
  const plan = {
    input: inputs[0].name,
    output: outputs[0].name,
    weights,
    nodes: nodes.map(({ opType: op, inputs: names, outputs: [output], attributes }) => ({
      op,
      inputs: names,
      output,
      stride: attributes.strides?.value[0] ?? 1,
      pad: attributes.pads?.value[0] ?? 0,
    })),
  };
  await writeFile(join(dir, 'plan.json'), JSON.stringify(plan));
  await writeFile(join(dir, 'weights.bin'), Buffer.concat(parts));
}

/** PyTorch in a process of its own that answers one run at a time; undefined where there is none. */
async function startTorch(dir) {
  const child = spawn(python, [script, dir], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: version, done } = await lines.next();
  if (done) return undefined;
  return {
    version,
    run: async (mode, size, batch) => {
      child.stdin.write(`${mode} ${size} ${batch}\n`);
      return Number((await lines.next()).value);
    },
    end: () => child.stdin.end(),
  };
}

/** Peak resident memory of one gradient at 512 px, each in a process that does nothing else. */
async function peaks(path, dir) {
  const program = `
    import { gradientGraph } from ${JSON.stringify(new URL('../dist/autodiff/gradient.js', import.meta.url))};
    import { readModel } from ${JSON.stringify(new URL('../dist/onnx/files.js', import.meta.url))};
    import { openSession } from ${JSON.stringify(new URL('../dist/runtime/session.js', import.meta.url))};
    const model = await readModel(process.argv[1]);
    const graph = gradientGraph(model, { cotangent: ['latent'], wrt: ['image'], outputs: [] });
    const session = await openSession(graph, { threads: 2 });
    const tensor = (dims) => ({ dtype: 'float32', dims, data: new Float32Array(dims.reduce((a, b) => a * b)).fill(0.5) });
    await session.run({ image: tensor([1, 3, 512, 512]), 'ct.latent': tensor([1, 4, 64, 64]) });
    console.log(session.lastRun().peakMemory);
  `;
  const peak = async (command, args) => {
    const { stdout } = await promisify(execFile)(command, args);
    return `${(Number(stdout) / 1e9).toFixed(2)} GB`;
  };
  const ours = await peak(process.execPath, ['--input-type=module', '-e', program, path]);
  const theirs = await peak(python, [script, dir, 'peak', '512']).catch(() => 'absent');
  console.log(`peak resident memory, 512 px, batch 1: gradient graph ${ours}, PyTorch float32 ${theirs}`);
}

async function timeDifferentiation(dir) {
  const unet = join(shared, 'golden', 'gradients', 'unet', 'model.onnx');
  if (existsSync(unet)) {
    const large = repeated(await readModel(unet), 12);
    const { ms, made } = timed(() => gradientGraph(large, { cotangent: ['y'], wrt: ['z'] }));
    const counts = [large, made].map(({ graph }) => graph.nodes.length);
    console.log(`a graph of ${counts[0]} nodes is differentiated to ${counts[1]} nodes in ${ms} ms`);
  }
  const path = await writeSparse(dir, 16, 8192);
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const model = await readModel(path);
  const bytes = encodeModel(gradientGraph(model, { cotangent: ['y'], wrt: ['x'] })).length;
  const ms = Math.round(performance.now() - start);
  const grown = Math.round((process.memoryUsage().rss - before) / 1e6);
  console.log(
    `a model of 4.3 GB of external data: ${ms} ms, ${bytes} bytes of graph, ${grown} MB more memory`,
  );
}

function timed(make) {
  make(); // compiled code is what a run of many graphs meets
  const start = performance.now();
  const made = make();
  return { ms: Math.round(performance.now() - start), made };
}

/** A chain of `count` copies of a U-Net: the output of one is the latent of the next. */
function repeated(model, count) {
  const { graph } = model;
  const copies = Array.from({ length: count }, (_, i) => {
    const rename = (name) => {
      if (name === '') return name;
      if (name === 'z') return i === 0 ? 'z' : `y${i - 1}`;
      if (name === 'y') return i === count - 1 ? 'y' : `y${i}`;
      return name === 't' || name === 'ctx' ? name : `${i}/${name}`;
    };
    return {
      nodes: graph.nodes.map((node) => ({
        ...node,
        name: `${i}/${node.name}`,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      initializers: graph.initializers.map((stored) => ({ ...stored, name: rename(stored.name) })),
    };
  });
  return {
    ...model,
    graph: {
      ...graph,
      nodes: copies.flatMap(({ nodes }) => nodes),
      initializers: copies.flatMap(({ initializers }) => initializers),
      valueInfo: [],
    },
  };
}

/** A chain of matrix products whose weights lie in a sparse file: as large as they say, and empty. */
async function writeSparse(dir, layers, width) {
  const length = width * width * 4;
  await writeFile(join(dir, 'weights.data'), '');
  await truncate(join(dir, 'weights.data'), layers * length);
  const value = (i) => (i === 0 ? 'x' : i === layers ? 'y' : `h${i}`);
  const info = (name) => ({ name, dtype: 'float32', shape: ['batch', width] });
  const indices = Array.from({ length: layers }, (_, i) => i);
  const graph = {
    name: 'sparse',
    nodes: indices.map((i) => ({
      name: `layer ${i}`,
      opType: 'MatMul',
      domain: '',
      inputs: [value(i), `w${i}`],
      outputs: [value(i + 1)],
      attributes: {},
    })),
    inputs: [info('x')],
    outputs: [info('y')],
    initializers: indices.map((i) => ({
      name: `w${i}`,
      dtype: 'float32',
      dims: [width, width],
      external: { location: 'weights.data', offset: i * length, length },
    })),
    valueInfo: [],
  };
  const path = join(dir, 'sparse.onnx');
  await writeModel(
    { irVersion: 8, opsets: { '': 16 }, graph, functions: [], metadata: {}, folder: dir },
    path,
  );
  return path;
}
