/**
 * @file What the harness itself costs: cells of identity x identity at 256 px, so that plug-ins do nothing. Beside
 * it, as the floor, what each such cell cannot do without: decoding the source, encoding and decoding one PNG.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paint } from '../dist/atelier/paint.js';
import { inlineExecutor, localExecutor } from '../dist/jobs/executor.js';
import { prepareRun } from '../dist/run/prepare.js';
import { runPlan } from '../dist/run/run.js';
import { decodeImage, encodeImage } from '../dist/image/codec.js';
import { median } from './median.mjs';

const PICTURES = 40;
const ROUNDS = 5;

export async function bench() {
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-bench-'));
  try {
    await makePictures(join(dir, 'pictures'));
    const file = join(dir, 'overhead.yaml');
    const lists = 'protections: [identity]\nattacks: [identity]\nmetrics: [linf]\n';
    await writeFile(file, `name: overhead\ndataset: ${join(dir, 'pictures')}\n${lists}`);
    const times = { floor: [], inline: [], threads: [], again: [], resumed: [] };
    for (let round = 0; round < ROUNDS; round++) {
      times.floor.push(await timed(() => floor(join(dir, 'pictures'))));
      for (const kind of ['inline', 'threads']) {
        const store = join(dir, `store-${kind}-${round}`);
        const openExecutor =
          kind === 'inline' ? async () => inlineExecutor(store) : () => localExecutor(store, { jobs: 2 });
        const run = async (out) => {
          const inputs = await prepareRun(file, { out: join(dir, out), store, maxPixels: 1e8 });
          await runPlan(inputs, { openExecutor });
        };
        times[kind].push(await timed(() => run(`${kind}-${round}`)));
        if (kind === 'inline') {
          times.again.push(await timed(() => run(`${kind}-${round}`)));
          times.resumed.push(await timed(() => run(`${kind}-${round}-other`)));
        }
      }
    }
    print(times);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function makePictures(folder) {
  await mkdir(folder);
  for (let i = 0; i < PICTURES; i++) {
    const image = paint({ painter: 'marchetti', motif: 'sea', size: 256, seed: i });
    await writeFile(join(folder, `${i}.png`), (await encodeImage(image, { format: 'png' })).bytes);
  }
}

async function floor(folder) {
  for (let i = 0; i < PICTURES; i++) {
    const name = join(folder, `${i}.png`);
    const image = await decodeImage(await readFile(name), { name });
    const { bytes } = await encodeImage(image, { format: 'png' });
    await decodeImage(bytes, { name });
  }
}

async function timed(work) {
  const started = performance.now();
  await work();
  return (performance.now() - started) / PICTURES;
}

function print(times) {
  const rows = [
    ['floor: decode, encode, decode', times.floor],
    ['cell, one thread', times.inline],
    ['cell, two threads (start included)', times.threads],
    ['cell from the store, new run folder', times.resumed],
    ['cell of a finished run', times.again],
  ];
  console.log(
    `milliseconds per picture and cell, median of ${ROUNDS} runs over ${PICTURES} pictures of 256 px`,
  );
  for (const [what, values] of rows)
    console.log(`${what.padEnd(38)} ${median(values).toFixed(2).padStart(8)}`);
}
