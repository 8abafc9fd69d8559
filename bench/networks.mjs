/**
 * @file A U-Net from its published files: how long it takes to open, to run, and to differentiate, and the memory for it.
 *
 *   node bench/networks.mjs FOLDER [--side 256] [--gradient] [--threads 2]
 *
 * FOLDER is one in the layout of diffusers. One process measures one thing, so that the peak of memory is its own;
 * `test/tools/measure-unet.py` measures the same in PyTorch. Prints one line of JSON.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cotangentName, gradientGraph } from '../dist/autodiff/gradient.js';
import { readConfigFile } from '../dist/networks/config.js';
import { unet2dConditionModel } from '../dist/networks/unet-2d-condition.js';
import { openCheckpoint } from '../dist/networks/weights/checkpoint.js';
import { peakMemory } from '../dist/runtime/memory.js';
import { openSession } from '../dist/runtime/session.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    side: { type: 'string', default: '256' },
    threads: { type: 'string', default: '2' },
    gradient: { type: 'boolean', default: false },
  },
});

const seconds = (from) => Math.round((performance.now() - from) / 10) / 100;
const gigabytes = (bytes) => Math.round(bytes / 1e7) / 100;

/** Pseudo-random numbers of -1..1. */
const floats = (dims) => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(12.9898 * i) % 1),
});

const unet = join(positionals[0], 'unet');
const start = performance.now();
const config = join(unet, 'config.json');
const weights = await openCheckpoint(join(unet, 'diffusion_pytorch_model.safetensors'));
const model = unet2dConditionModel(await readConfigFile(config), config, weights);
const graph = values.gradient
  ? gradientGraph(model, { cotangent: ['out_sample'], wrt: ['sample'], outputs: [] })
  : model;
const built = seconds(start);
const session = await openSession(graph, { threads: Number(values.threads), name: 'unet' });
const open = seconds(start);
const openMemory = gigabytes(peakMemory());
const cells = Number(values.side) / 8;
const inputs = {
  sample: floats([1, 4, cells, cells]),
  timestep: { dtype: 'float32', dims: [1], data: Float32Array.of(500) },
  encoder_hidden_states: floats([1, 77, model.graph.inputs[2].shape[2]]),
  ...(values.gradient && { [cotangentName('out_sample')]: floats([1, 4, cells, cells]) }),
};
await session.run(inputs);
const times = [];
for (let i = 0; i < 2; i++) {
  const from = performance.now();
  await session.run(inputs);
  times.push(seconds(from));
}
const result = {
  side: Number(values.side),
  gradient: values.gradient,
  builtSeconds: built,
  openSeconds: open,
  openGigabytes: openMemory,
  runSeconds: Math.min(...times),
  peakGigabytes: gigabytes(peakMemory()),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
