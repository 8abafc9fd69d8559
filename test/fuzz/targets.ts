/** Every reader of files from somewhere else, with small whole files that the damage begins from. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { gradientGraph } from '../../src/autodiff/gradient.ts';
import { readManifest } from '../../src/datasets/manifest.ts';
import { openTokenizer } from '../../src/diffusion/tokenizer.ts';
import { readText } from '../../src/files/text.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { takeLock } from '../../src/files/lock.ts';
import { decodeImage } from '../../src/image/codec.ts';
import { openStore } from '../../src/jobs/store.ts';
import { decodeModel } from '../../src/onnx/decode.ts';
import { decodeNpy, encodeNpy } from '../../src/onnx/npy.ts';
import { encodeSafetensors, readSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers } from '../../src/onnx/tensor.ts';
import { parseExperiment } from '../../src/experiment/experiment.ts';
import { readVotes } from '../../src/report/votes-file.ts';
import { namedOnce } from '../../src/run/export.ts';
import { priced, toCsv } from '../../src/run/results.ts';
import { readRunFolder } from '../../src/run/run-folder.ts';
import { summariseRun } from '../../src/run/summary.ts';
import { experimentFolder, picture, runFile } from '../run-fixture.ts';

/** A reader, and what it reads. */
export interface Target {
  readonly name: string;
  readonly seeds: readonly Buffer[];
  /** Reads a damaged file; `dir` is an empty folder for it. */
  read(bytes: Buffer, dir: string): Promise<unknown>;
}

const models = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'models');
const text = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

const EXPERIMENT = `
name: small
dataset: IMAGES
protections: [identity, { noise: { level: light } }]
attacks: [{ jpeg: { quality: [80, 30] } }, "gaussian-noise(sigma=4) | jpeg(quality=60)"]
metrics: [ssim]
seed: [0, 1]
only: [{ attack: 'jpeg*' }]
`;

async function images(): Promise<Target> {
  const png = await picture(1, 24, 16);
  const seeds = await Promise.all([
    png,
    sharp(png).jpeg({ progressive: true }).toBuffer(),
    sharp(png).jpeg().withIccProfile('p3').toBuffer(),
    sharp(png).webp().toBuffer(),
    sharp(png).tiff({ compression: 'deflate' }).toBuffer(),
    sharp(png).gif().toBuffer(),
    sharp(png).avif({ effort: 0 }).toBuffer(),
  ]);
  return {
    name: 'images',
    seeds: seeds as Buffer[],
    read: (bytes) => decodeImage(bytes, { name: 'x', maxPixels: 1e6 }),
  };
}

const inFile =
  (name: string, read: (path: string) => Promise<unknown>): Target['read'] =>
  async (bytes, dir) => {
    const path = join(dir, name);
    await writeFile(path, bytes);
    return read(path);
  };

const tensors = encodeSafetensors({
  'unet.a.lora_A.weight': fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6]),
  b: fromNumbers('float16', [2], [1, 2]),
});

const HASH = sha256('x');

const readers: readonly Target[] = [
  {
    name: 'experiments',
    seeds: [text(EXPERIMENT.replace('IMAGES', 'atelier(count=2)'))],
    read: (bytes, dir) =>
      inFile('x.yaml', async (path) => parseExperiment(await readText(path), path))(bytes, dir),
  },
  {
    name: 'manifests',
    seeds: [
      text(
        `path,artist,title,licence,sha256,year\na.png,"A, B",T,CC0,${HASH},1889\nb/c.png,L\u00e9a,"x\ny",CC0,${HASH},\n`,
      ),
      text(`\uFEFFsha256,path,artist,title,licence\r\n${HASH},a.png,,,CC0\r\n`),
    ],
    read: inFile('m.csv', (path) => readManifest(path)),
  },
  {
    name: 'arrays',
    seeds: [Buffer.from(encodeNpy(fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6])))],
    read: async (bytes) => decodeNpy(bytes, 'x.npy'),
  },
  { name: 'safetensors', seeds: [Buffer.from(tensors)], read: inFile('x.safetensors', readSafetensors) },
  {
    name: 'votes',
    seeds: [text({ run: 'r', votes: [{ pair: 'p', question: 'style', chosen: 'left' }] })],
    read: inFile('votes.json', (path) => readVotes(path, 'r')),
  },
  {
    name: 'locks',
    seeds: [text('1234 0b1c host 0a0b0c0d-4026531836'), text('1'), text('')],
    read: inFile('a.lock', async (path) => {
      const taken = await takeLock(path);
      if ('release' in taken) await taken.release();
    }),
  },
];

async function onnx(): Promise<Target> {
  const model = await readFile(join(models, 'ssim-distance', 'ssim-distance.onnx'));
  return {
    name: 'models',
    seeds: [model],
    read: async (bytes) => {
      const decoded = decodeModel(bytes, { name: 'x.onnx', folder: '/nowhere' });
      const [input] = decoded.graph.inputs;
      const [output] = decoded.graph.outputs;
      if (input === undefined || output === undefined) return decoded;
      return gradientGraph(decoded, { cotangent: [output.name], wrt: [input.name] });
    },
  };
}

async function tokenizers(): Promise<Target> {
  return {
    name: 'tokenizers',
    seeds: [await readFile(join(models, 'atelier-text', 'tokenizer.json'))],
    read: inFile('tokenizer.json', async (path) => {
      const model = { id: 'x', files: [{ path, sha256: '', bytes: 0 }], fill: {} };
      const tokenizer = await openTokenizer(model as unknown as Parameters<typeof openTokenizer>[0], 16);
      return tokenizer.encode('a painting of a boat, by nobody 123');
    }),
  };
}

/** A run's folder of which one file is damaged, and a store of which one record is. */
async function runs(): Promise<Target[]> {
  const experiment = await experimentFolder(EXPERIMENT, 1);
  await runFile(experiment);
  const run = join(experiment.dir, 'run');
  const names = ['manifest.json', 'cells.json', 'images.json', 'rows.jsonl'];
  const files = new Map<string, Buffer>(
    await Promise.all(names.map(async (name) => [name, await readFile(join(run, name))] as const)),
  );
  const { files: _, ...manifest } = JSON.parse(files.get('manifest.json')!.toString()) as Record<
    string,
    unknown
  >;
  files.set('manifest.json', text(manifest)); // without hashes, so that what is damaged is read
  const folders = names.map(
    (name): Target => ({
      name: `run folders (${name})`,
      seeds: [files.get(name)!],
      read: async (bytes, dir) => {
        await Promise.all(
          [...files].map(([each, content]) =>
            writeFile(join(dir, each), each === name ? new Uint8Array(bytes) : content),
          ),
        );
        const folder = await readRunFolder(dir);
        return [summariseRun(folder), toCsv(priced(folder)), namedOnce(folder.images)];
      },
    }),
  );
  const records = join(experiment.dir, 'store', 'records');
  const [record] = (await readdir(records, { recursive: true })).filter((name) => name.endsWith('.json'));
  const whole = await readFile(join(records, record!));
  const key = record!.slice(-69, -5);
  const store: Target = {
    name: 'records',
    seeds: [whole],
    read: async (bytes, dir) => {
      await rm(join(dir, 'records'), { recursive: true, force: true });
      await mkdir(join(dir, 'records', key.slice(0, 2)), { recursive: true });
      await writeFile(join(dir, 'records', key.slice(0, 2), `${key}.json`), bytes);
      const found = await openStore(dir).find(key);
      if (found !== undefined && !bytes.equals(whole)) throw new Error('a damaged record was believed');
    },
  };
  return [...folders, store];
}

export const openTargets = async (): Promise<readonly Target[]> => [
  await images(),
  ...readers,
  await onnx(),
  await tokenizers(),
  ...(await runs()),
];
