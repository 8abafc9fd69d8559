/**
 * @file Attacks without networks: milliseconds for a megapixel, beside OpenCV, Pillow and scikit-image (two threads) where
 * they have the same filter, interleaved in one run. An attack takes and gives floats; where the peers filter bytes, the
 * filter of bytes is timed alone, too.
 *
 * Blur and median in a second table beside OpenCV, Pillow and sharp: of bytes, of floats as attacks have them, and from file to
 * file as users run them. Medians of 3 x 3 px are the same in all three to the byte; Pillow's and sharp's blurs are of the same
 * kind only (three box filters; another kernel).
 *
 * OpenCV with its contrib modules and Pillow are looked for by CRAQUELURE_PYTHON (default python3) and left out where they
 * are absent. ROUNDS sets the number of rounds, SIDES the sides of the square pictures, ATTACKS names some of the attacks.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { attacks } from '../dist/attacks/index.js';
import { paint } from '../dist/atelier/paint.js';
import { readImage, writeImage } from '../dist/image/codec.js';
import { gaussianBlurBytes } from '../dist/image/filters/gaussian.js';
import { toBytes } from '../dist/image/image.js';
import { medianBytes } from '../dist/image/filters/median.js';
import { resizeBytes } from '../dist/image/resample.js';
import { seededRandom } from '../dist/random.js';
import { median } from './median.mjs';

const python = process.env.CRAQUELURE_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('./attacks.py', import.meta.url));
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SIDES = (process.env.SIDES ?? '512').split(' ').map(Number);
const NAMES = process.env.ATTACKS?.split(' ') ?? [
  'adverse-cleaner',
  'bilateral',
  'guided',
  'gaussian-blur',
  'median',
  'non-local-means',
  'rescale',
  'crop-resize',
  'rotate',
  'tv-denoise',
  'wavelet',
  'gaussian-noise',
  'quantize',
  'jpeg',
  'webp',
  'screenshot',
  'screen-photo',
];

export async function bench() {
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-bench-'));
  try {
    const pictures = new Map(SIDES.map((side) => [side, picture(side)]));
    for (const [side, image] of pictures) await writeFile(join(dir, `pixels.${side}.bin`), toBytes(image));
    const peer = await startPeer(dir);
    console.log(`medians of ${ROUNDS} interleaved rounds; ${peer?.version ?? 'OpenCV and Pillow absent'}\n`);
    console.log('| attack | side | ms | ms / Mpx | peer ms | ours / peer | filter alone / peer |');
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
    for (const [side, image] of pictures) {
      for (const name of NAMES) console.log(await row(name, side, image, peer));
    }
    console.log('\n| filter | side | ours | ms | OpenCV | Pillow | sharp |');
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
    for (const [side, image] of pictures) {
      await writeImage(join(dir, `${side}.png`), image);
      for (const name of Object.keys(SHARP).filter((each) => NAMES.includes(each)))
        for (const line of await quickRows(name, side, image, peer, dir)) console.log(line);
    }
    peer?.end();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the peers time: 8-bit pixels in, 8-bit pixels out. */
const FILTERS = {
  'gaussian-blur': (pixels, shape) => gaussianBlurBytes(pixels, shape, 1),
  median: (pixels, shape) => medianBytes(pixels, shape, 3),
  rescale: (pixels, shape) => {
    const half = { ...shape, width: shape.width >> 1, height: shape.height >> 1 };
    return resizeBytes(resizeBytes(pixels, shape, half, 'lanczos'), half, shape, 'lanczos');
  },
};

/** A painting of that side, repeated beyond what the atelier paints. */
function picture(side) {
  const { width, data } = paint({ painter: 'halvorsen', motif: 'sea', size: Math.min(512, side), seed: 1 });
  const tiled = new Float32Array(side * side * 3);
  for (let i = 0; i < side * side; i++) {
    const from = ((Math.floor(i / side) % width) * width + ((i % side) % width)) * 3;
    tiled.set(data.subarray(from, from + 3), 3 * i);
  }
  return { width: side, height: side, data: tiled };
}

async function row(name, side, image, peer) {
  const attack = attacks[name];
  const params = attack.params.parse({});
  const shape = { width: side, height: side, channels: 3 };
  const pixels = toBytes(image);
  const filter = FILTERS[name];
  const [ours, alone, theirs] = [[], [], []];
  for (let round = 0; round <= ROUNDS; round++) {
    const whole = await timed(() => attack.apply(image, params, { random: seededRandom(0) }));
    const part = filter && (await timed(() => filter(pixels, shape)));
    const other = await peer?.run(name, side);
    if (round === 0) continue; // the first warms up
    ours.push(whole);
    if (part !== undefined) alone.push(part);
    if (other !== undefined) theirs.push(other);
  }
  const ms = median(ours);
  const ratio = (list) =>
    list.length === 0 || theirs.length === 0 ? '' : (median(list) / median(theirs)).toFixed(2);
  const compared = [theirs.length === 0 ? '' : median(theirs).toFixed(1), ratio(ours), ratio(alone)];
  return `| ${[name, side, ms.toFixed(1), ((1e6 * ms) / side ** 2).toFixed(0), ...compared].join(' | ')} |`;
}

/** The same kind of filter in sharp. */
const SHARP = {
  'gaussian-blur': (input) => input.blur(1),
  median: (input) => input.median(3),
};

/** A quick filter is over before a cache that others used is warm again: of each round the fastest of so many calls counts. */
const CALLS = 10;

/** A quick filter three ways, with each peer's time divided into ours. */
async function quickRows(name, side, image, peer, dir) {
  const { default: sharp } = await import('sharp');
  const attack = attacks[name];
  const params = attack.params.parse({});
  const shape = { width: side, height: side, channels: 3 };
  const pixels = toBytes(image);
  const file = join(dir, `${side}.png`);
  const apply = (picture) => attack.apply(picture, params, { random: seededRandom(0) });
  const bySharp = (input) => SHARP[name](input).raw().toBuffer();
  const ways = [
    {
      way: 'bytes',
      ours: () => FILTERS[name](pixels, shape),
      sharp: () => bySharp(sharp(pixels, { raw: shape })),
      opencv: name,
      pillow: `${name}/pillow`,
    },
    { way: 'floats of 0..1', ours: () => apply(image), opencv: `${name}/floats` },
    {
      way: 'PNG file to PNG file',
      ours: async () => writeImage(`${file}.ours.png`, await apply(await readImage(file))),
      sharp: () => SHARP[name](sharp(file)).png().toFile(`${file}.sharp.png`),
      opencv: `${name}/file`,
      pillow: `${name}/pillow-file`,
    },
  ];
  const lines = [];
  for (const { way, ours, opencv, pillow, ...other } of ways) {
    const times = { ours: [], opencv: [], pillow: [], sharp: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      const found = {
        ours: await timed(ours, CALLS),
        opencv: opencv && (await peer?.run(opencv, side, CALLS)),
        pillow: pillow && (await peer?.run(pillow, side, CALLS)),
        sharp: other.sharp && (await timed(other.sharp, CALLS)),
      };
      if (round === 0) continue; // the first warms up
      for (const [who, ms] of Object.entries(found)) if (ms !== undefined) times[who].push(ms);
    }
    const ms = median(times.ours);
    const beside = (list) =>
      list.length === 0 ? '' : `${(ms / median(list)).toPrecision(2)} (${median(list).toFixed(1)} ms)`;
    const peers = [times.opencv, times.pillow, times.sharp].map(beside);
    lines.push(`| ${[name, side, way, ms.toFixed(1), ...peers].join(' | ')} |`);
  }
  return lines;
}

/** Of the fastest of some calls. */
async function timed(work, calls = 1) {
  let fastest = Infinity;
  for (let i = 0; i < calls; i++) {
    const start = performance.now();
    await work();
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

/** OpenCV in a process of its own that answers one run at a time; undefined where there is none. */
async function startPeer(dir) {
  const child = spawn(python, [script, dir], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: version, done } = await lines.next();
  if (done) return undefined;
  return {
    version,
    run: async (name, side, calls = 1) => {
      child.stdin.write(`${name} ${side} ${calls}\n`);
      const { value } = await lines.next();
      return value === '-' ? undefined : Number(value);
    },
    end: () => child.stdin.end(),
  };
}
