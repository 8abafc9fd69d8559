// `npm run fuzz -- --minutes 5 [--seed 7]`: damaged files into every reader for as long, each reader an equal share. The seed is
// printed, and a reader that hangs is ended, its input kept. The corpus is made by the targets themselves.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0))
  throw new Error(`Expected a positive number for --minutes but received '${values.minutes}'`);
const seed = values.seed ?? String(Date.now() % 2 ** 31);
const last = join(tmpdir(), `craquelure-fuzz-${seed}.bin`);
process.stdout.write(`seed ${seed}, ${minutes} minutes; repeat with --seed ${seed}\n`);

const env = { ...process.env, FUZZ_MINUTES: String(minutes), FUZZ_SEED: seed, FUZZ_LAST: last };
const limit = String(Math.ceil(minutes * 60_000) + 120_000);
const child = spawn('npx', ['vitest', 'run', 'test/fuzz', `--testTimeout=${limit}`], {
  env,
  stdio: 'inherit',
  detached: true,
});
const watchdog = setTimeout(() => {
  process.stderr.write(`A reader hangs; its input is ${last}\n`);
  process.kill(-child.pid, 'SIGKILL');
  process.exitCode = 1;
}, Number(limit));
child.on('exit', (code) => {
  clearTimeout(watchdog);
  process.exitCode ??= code ?? 1;
});
