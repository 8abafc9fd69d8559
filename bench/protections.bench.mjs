/**
 * @file 100 steps of textural Mist at 512 px on the CPU beside the same loop in PyTorch, with peaks of resident memory; and
 * seconds per image for every protection on the networks that ship with the package.
 *
 *     npm run build && npm run bench protections
 *
 * `STEPS` and `SIDE` make it smaller for a try, and `PROTECTIONS=mist,advdm` chooses rows of the table; they come as they are
 * measured, the quick ones first. The loop in PyTorch (`protections.py`, run by `CRAQUELURE_PYTHON`) is timed with frozen
 * weights and with weights that want gradients, as a module's do that was never frozen; it is skipped with its reason where
 * there is no torch or no TAESD in `../shared/models`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModel } from '../dist/onnx/files.js';
import { parseParameters } from '../dist/plugin/parameters.js';
import { writePlan } from './gradient.bench.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const shared = resolve(process.env.CRAQUELURE_SHARED ?? join(here, '../../shared'));
const STEPS = Number(process.env.STEPS ?? 100);
const SIDE = Number(process.env.SIDE ?? 512);
const worker = join(here, 'protect-once.mjs');

/** Runs a command that prints one line of JSON, in a process of its own, so that its memory is its own, too. */
function measured(command, args, env = {}) {
  const { stdout, stderr, status } = spawnSync(command, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) return { skipped: stderr.trim().split('\n').at(-1) };
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

const once = (protection, params, model) =>
  measured('node', [worker, protection, JSON.stringify(params), String(SIDE), model ?? ''], {
    CRAQUELURE_MODELS: join(shared, 'models'),
  });

const shown = ({ skipped, seconds, peak }) =>
  skipped ? `skipped: ${skipped}` : `${seconds.toFixed(1)} s, peak ${(peak / 2 ** 20).toFixed(0)} MiB`;

/** Gradient steps of all rounds; those through a U-Net come after those through an encoder alone. */
function effort(protection) {
  const params = parseParameters(protection, {});
  const { steps = 0, rounds = 1, trainSteps = 0 } = params;
  return (
    rounds * (steps + trainSteps) + (protection.needs(params).some(({ role }) => role === 'unet') ? 1e6 : 0)
  );
}

export async function bench() {
  const encoder = join(shared, 'models', 'taesd-encoder.onnx');
  if (existsSync(encoder)) {
    const ours = once('mist-v1', { steps: STEPS }, 'taesd');
    const folder = await mkdtemp(join(tmpdir(), 'craquelure-bench-'));
    await writePlan(await readModel(encoder), folder);
    const python = process.env.CRAQUELURE_PYTHON ?? 'python3';
    console.log(`mist-v1 on taesd, ${SIDE} px, ${STEPS} steps: ${shown(ours)}`);
    for (const weights of ['frozen', 'trainable']) {
      const loop = [join(here, 'protections.py'), folder, String(SIDE), String(STEPS), weights];
      const theirs = measured(python, loop);
      const share =
        ours.seconds && theirs.seconds
          ? `; ours took ${(ours.seconds / theirs.seconds).toFixed(2)} of its time`
          : '';
      console.log(`the same loop in PyTorch, weights ${weights}: ${shown(theirs)}${share}`);
    }
    await rm(folder, { recursive: true });
  } else console.log(`mist on taesd skipped: no ${encoder}`);

  console.log(
    `\n| protection | s per image of ${Math.min(SIDE, 256)} px, published steps | peak RSS (MiB) |\n| --- | --- | --- |`,
  );
  const { protections } = await import('../dist/protections/index.js');
  const chosen = process.env.PROTECTIONS?.split(',') ?? Object.keys(protections);
  const unknown = chosen.find((id) => protections[id] === undefined);
  if (unknown !== undefined) throw new Error(`no protection '${unknown}'`);
  for (const id of chosen.sort((a, b) => effort(protections[a]) - effort(protections[b]))) {
    const { skipped, seconds, peak } = measured('node', [worker, id, '{}', String(Math.min(SIDE, 256)), '']);
    console.log(
      skipped
        ? `| \`${id}\` | ${skipped} | |`
        : `| \`${id}\` | ${seconds.toFixed(1)} | ${(peak / 2 ** 20).toFixed(0)} |`,
    );
  }
}
