/**
 * @file A step of LoRA training, one of fine-tuning all weights and a step of sampling beside PyTorch on the CPU, with the same
 * network: the embedded U-Net at 256 px, rank 8 beside the projections of attention, two threads each, rounds taken in turn.
 * Then what one mimic of `lora-mimicry` takes in a process of its own: 200 steps on 16 images, and 16 samples.
 *
 * PyTorch runs in CRAQUELURE_PYTHON (default python3) and is left out where it is absent. ROUNDS sets the number of rounds,
 * CRAQUELURE_UNET names another export of the network, STEPS makes the training shorter for a try.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gradientGraph, gradientName } from '../dist/autodiff/gradient.js';
import { denoisingLoss, LOSS, LOSS_INPUTS } from '../dist/diffusion/denoising-loss.js';
import { trainableUnet } from '../dist/diffusion/adapter.js';
import { openModel } from '../dist/models/open.js';
import { tensor } from '../dist/onnx/tensor.js';
import { adamW, clipNorm, noMoments } from '../dist/optim/adamw.js';
import { constant } from '../dist/optim/update.js';
import { seededRandom } from '../dist/random.js';
import { median } from './median.mjs';

const rounds = Number(process.env.ROUNDS ?? 9);
const python = process.env.CRAQUELURE_PYTHON ?? 'python3';
const file =
  process.env.CRAQUELURE_UNET ?? fileURLToPath(new URL('../models/atelier-unet/unet.onnx', import.meta.url));
const worker = fileURLToPath(new URL('./mimic-once.mjs', import.meta.url));
const RANK = 8;
const CASES = [
  { mode: 'step', batch: 4, what: 'LoRA step, 4 pictures' },
  { mode: 'full', batch: 4, what: 'step of all weights, 4 pictures' },
  { mode: 'sample', batch: 8, what: 'sampling step, 4 pictures with guidance' },
];

const random = seededRandom(1);
const normal = (...dims) => {
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal());
  return tensor('float32', dims, data);
};
const perSample = (n, value) => tensor('float32', [n], new Float32Array(n).fill(value));

/** A step of training by a method, as a function of the batch that gives milliseconds. */
async function training(unet, method) {
  const { model, ports, fixed } = trainableUnet(unet.graph, method, random);
  const wrt = ports.map(({ name }) => name);
  const session = await unet.lend(`gradient of ${method.kind}`, () =>
    gradientGraph(denoisingLoss(model), { loss: LOSS, wrt, outputs: [LOSS] }),
  );
  const weights = Float32Array.from(ports.flatMap(({ initial }) => [...initial]));
  const update = adamW(constant(1e-3), noMoments(weights.length));
  const text = unet.graph.graph.inputs.find(({ name }) => name === 'text').shape;
  let step = 0;
  return async (batch) => {
    const feeds = {
      ...fixed,
      [LOSS_INPUTS.latent]: normal(batch, 4, 32, 32),
      [LOSS_INPUTS.drawn]: normal(batch, 4, 32, 32),
      [LOSS_INPUTS.signal]: perSample(batch, 0.6),
      [LOSS_INPUTS.noise]: perSample(batch, 0.8),
      [LOSS_INPUTS.weight]: perSample(batch, 1),
      timestep: perSample(batch, 500),
      text: normal(batch, text[1], text[2]),
    };
    const start = performance.now();
    let at = 0;
    for (const { name, dims, initial } of ports) {
      feeds[name] = tensor('float32', dims, weights.subarray(at, at + initial.length));
      at += initial.length;
    }
    const results = await session.run(feeds);
    const gradient = new Float32Array(weights.length);
    at = 0;
    for (const { name, initial } of ports) {
      gradient.set(results[gradientName(name)].data, at);
      at += initial.length;
    }
    clipNorm(gradient, 1);
    update(weights, gradient, step++);
    return performance.now() - start;
  };
}

/** A function for each mode that takes one step. */
async function ours(unet) {
  const text = unet.graph.graph.inputs.find(({ name }) => name === 'text').shape;
  return {
    step: await training(unet, { kind: 'lora', rank: RANK, alpha: RANK }),
    full: await training(unet, { kind: 'full' }),
    sample: async (batch) => {
      const feeds = {
        latent: normal(batch, 4, 32, 32),
        timestep: perSample(batch, 500),
        text: normal(batch, text[1], text[2]),
      };
      const start = performance.now();
      await unet.run(feeds);
      return performance.now() - start;
    },
  };
}

/** PyTorch's times; undefined where there is none. */
async function peer() {
  const child = spawn(python, [fileURLToPath(new URL('./mimicry.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const version = (await lines.next()).value;
  if (version === undefined) return undefined;
  const ask = async (mode, batch) => {
    child.stdin.write(`${mode} ${batch} ${RANK}\n`);
    return Number((await lines.next()).value);
  };
  return { version, ask, close: () => child.stdin.end() };
}

export async function bench() {
  const files = [{ path: file, sha256: '', bytes: 0 }];
  const unet = await openModel(
    { role: 'unet', id: 'atelier-unet', key: '', files, fill: {} },
    { threads: 2 },
  );
  const take = await ours(unet);
  const torch = await peer();
  console.log(
    torch === undefined ? 'PyTorch is absent' : `PyTorch ${torch.version}, medians of ${rounds} rounds`,
  );
  for (const { mode, batch, what } of CASES) {
    const [mine, theirs] = [[], []];
    await take[mode](batch);
    await torch?.ask(mode, batch);
    for (let round = 0; round < rounds; round++) {
      mine.push(await take[mode](batch));
      if (torch !== undefined) theirs.push(await torch.ask(mode, batch));
    }
    const [a, b] = [median(mine), median(theirs)];
    const beside = torch === undefined ? '' : `, PyTorch ${b.toFixed(0)} ms, ratio ${(a / b).toFixed(2)}`;
    console.log(`${what}: ${a.toFixed(0)} ms${beside}`);
  }
  torch?.close();
  await unet.close();
  const { stdout, stderr, status } = spawnSync('node', [worker], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const { steps, images, seconds, peak } = JSON.parse(stdout.trim().split('\n').at(-1));
  console.log(
    `a mimic, ${steps} LoRA steps at 256 px and ${images} samples: ${seconds.toFixed(0)} s, peak ${(peak / 2 ** 20).toFixed(0)} MiB`,
  );
}
