/**
 * @file Fréchet distance beside SciPy's sqrtm, embeddings and LPIPS beside PyTorch, on this machine's CPU.
 *
 *     npm run build && npm run bench metrics
 *
 * CRAQUELURE_BENCH_FEATURES=5000x2048 and CRAQUELURE_BENCH_SIDE=512 set the sizes, CRAQUELURE_BENCH_PYTHON the peer. The
 * networks are looked for as always (`craquelure models list`); without them their lines are left out.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fromBytes, metrics, modelHome, openModel, resolveModel, seededRandom } from '../dist/index.js';
import { vectorOf } from '../dist/models/vectors.js';
import { featureSet } from '../dist/stats/sets/features.js';
import { frechetDistance } from '../dist/stats/sets/frechet.js';
import { median } from './median.mjs';

const ROUNDS = 5;

export async function bench() {
  const [n, d] = (process.env.CRAQUELURE_BENCH_FEATURES ?? '5000x2048').split('x').map(Number);
  const side = Number(process.env.CRAQUELURE_BENCH_SIDE ?? 512);
  const peer = startPeer(process.env.CRAQUELURE_BENCH_PYTHON ?? 'python3');
  const rows = [];
  const compare = async (what, request, ours, rounds = ROUNDS) => {
    const [here, there] = [[], []];
    // In turns, so that a slow minute of the machine falls on both.
    for (let round = 0; round < rounds; round++) {
      here.push(await timed(ours));
      there.push(await peer.ask(request));
    }
    const [a, b] = [median(here), median(there)];
    rows.push({
      what,
      'here, ms': a.toFixed(0),
      'peer, ms': b.toFixed(0),
      'peer / here': (b / a).toFixed(2),
    });
  };
  const [x, y] = [0, 1].map((seed) => features(n, d, seed));
  await compare(`Fréchet distance, ${n} x ${d}`, `frechet ${n} ${d}`, () => frechetDistance(x, y), 3);
  await withModel('image-embedder', 'squeezenet1.1', async (model) => {
    const image = noise(224, 3); // what the network takes, so that only the network is compared
    await vectorOf(model, image);
    await compare('embedding, 224 px', 'embed 224', () => vectorOf(model, image));
  });
  await withModel('perceptual', 'lpips-squeeze', async (model) => {
    const [a, b] = [noise(side, 4), noise(side, 5)];
    const models = { open: async () => model };
    const measure = () => metrics['lpips-squeeze'].measure(a, b, {}, { random: seededRandom(0), models });
    await measure();
    await compare(`LPIPS (SqueezeNet), ${side} px`, `lpips ${side}`, measure);
  });
  peer.end();
  console.table(rows);
}

async function withModel(role, id, use) {
  const found = await resolveModel(role, { kind: 'entry', id }, { home: modelHome(), baseDirs: ['.'] }).catch(
    (error) => console.error(`left out: ${error.message}`),
  );
  if (found === undefined) return;
  const model = await openModel(found);
  await use(model);
  await model.close();
}

function features(n, d, seed) {
  const random = seededRandom(seed);
  return featureSet(
    `set ${seed}`,
    [n, d],
    Float64Array.from({ length: n * d }, () => random.normal() + 0.1 * seed),
  );
}

function noise(side, seed) {
  const random = seededRandom(seed);
  return fromBytes(
    side,
    side,
    Uint8Array.from({ length: side * side * 3 }, () => random.int(256)),
  );
}

async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The peer as a process that answers a line by a line. */
function startPeer(python) {
  const script = fileURLToPath(new URL('./metrics.py', import.meta.url));
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (line) => {
      child.stdin.write(`${line}\n`);
      return Number((await answers.next()).value);
    },
    end: () => child.stdin.end(),
  };
}
