import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { unequalSets, zeroFeatures } from '../../src/messages/index.ts';
import { writeNpy } from '../../src/onnx/npy.ts';
import { tensor } from '../../src/onnx/tensor.ts';
import { builtProgram } from '../built-program.ts';
import { experimentFolder, picture, temporaryFolder } from '../run-fixture.ts';

const program = builtProgram();

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program as a user would. */
const craquelure = (args: readonly string[], cwd: string): Promise<Answer> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr });
    });
  });

const MATRIX = `
name: small
dataset: images
protections: [identity, noise]
attacks: [identity, { jpeg: { quality: [80, 30] } }]
metrics: [ssim, psnr]
`;

describe('craquelure run', () => {
  let dir: string;

  beforeAll(async () => {
    dir = (await experimentFolder(MATRIX, 3)).dir;
  });

  it('runs a matrix on threads and writes every file of a run', async () => {
    const { code, stdout, stderr } = await craquelure(['run', 'experiment.yaml', '--json'], dir);
    expect(stderr).not.toContain('craquelure:');
    expect(code).toBe(0);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ cells: 12, failedCells: 0, unchanged: false });
    for (const name of [
      'manifest.json',
      'cells.json',
      'rows.jsonl',
      'results.csv',
      'results.parquet',
      'report.html',
    ]) {
      expect((await readFile(join(dir, 'reports/small', name))).length).toBeGreaterThan(0);
    }
    const csv = await readFile(join(dir, 'reports/small/results.csv'), 'utf8');
    expect(csv.split('\n')[0]).toBe(
      'run,cell,protection,attack,metric,arm,image,value,unit,higherIsBetter,n,seed,ms,status,error,attackMs,networks',
    );
    expect(csv).toContain(',inf,dB,'); // PSNR of a picture with itself
  });

  it('says that nothing is to do the second time', async () => {
    const { code, stdout } = await craquelure(['run', 'experiment.yaml', '--json'], dir);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ unchanged: true, jobs: { executed: 0 } });
  });

  it('gives the rows of one thread on two', async () => {
    const args = ['--store', 'other-store', '--out', 'other', '--jobs', '1', '--json'];
    expect((await craquelure(['run', 'experiment.yaml', ...args], dir)).code).toBe(0);
    const rows = async (run: string): Promise<unknown[]> =>
      (await readFile(join(dir, run, 'rows.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => ({ ...JSON.parse(line), ms: 0 }));
    expect(await rows('other')).toEqual(await rows('reports/small'));
  });

  it('plans without an estimate of work that was never timed', async () => {
    const { stdout } = await craquelure(['plan', 'experiment.yaml', '--store', 'new-store'], dir);
    expect(stdout).toMatch(/time: no estimate yet \((\d+) of \1 kinds of work were never timed/);
    expect(stdout).not.toContain('about 0 ms');
  });

  it('plans without writing, and knows what is cached', async () => {
    const { code, stdout } = await craquelure(['plan', 'experiment.yaml', '--json'], dir);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      cells: 12,
      images: 3,
      toRun: 0,
      finishedCells: 12,
      failedCells: 0,
    });
  });

  it('keeps cells by --only and pictures by --limit', async () => {
    const args = ['--only', 'attack=jpeg*,protection=noise', '--limit', '1', '--out', 'part', '--json'];
    const { stdout } = await craquelure(['run', 'experiment.yaml', ...args], dir);
    expect(JSON.parse(stdout)).toMatchObject({ cells: 4, rows: 16 });
  });

  it('reports status, report and export of a run', async () => {
    const status = await craquelure(['status', 'reports/small', '--json'], dir);
    expect(JSON.parse(status.stdout)).toMatchObject({ cells: { ok: 12, pending: 0 }, errors: [] });
    const jsonl = await craquelure(['export', 'reports/small', '--format', 'jsonl'], dir);
    expect(jsonl.stdout).toBe(await readFile(join(dir, 'reports/small/rows.jsonl'), 'utf8'));
    const images = await craquelure(['export', 'reports/small', '--images', 'out'], dir);
    expect(images.code).toBe(0);
    const report = await craquelure(['report', 'reports/small', '--json'], dir);
    expect(JSON.parse(report.stdout).report).toContain('report.html');
  });

  it('ends with code 3 where a picture fails, names it, and finishes the others', async () => {
    await writeFile(join(dir, 'images/empty.png'), '');
    const { code, stdout, stderr } = await craquelure(['run', 'experiment.yaml', '--json'], dir);
    await rm(join(dir, 'images/empty.png'));
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ cells: 12, failedCells: 12, rows: 12 * 4 * 4 });
    expect(stderr).toContain('--retry-errors');
    const status = await craquelure(['status', 'reports/small', '--json'], dir);
    expect(JSON.parse(status.stdout).errors[0]).toMatchObject({ image: 'empty.png' });
  });
});

describe('wrong usage', () => {
  it.each([
    ['an unknown command', ['runn', 'x.yaml'], /Unknown command 'runn'. Did you mean 'run'/],
    ['a command that is like no other', ['findings', '--help'], /Unknown command 'findings'. Available: run/],
    ['no command', [], /Usage: craquelure <command>/],
    ['no experiment', ['run'], /'craquelure run' needs an experiment file, such as: craquelure run/],
    ['nothing to list', ['list'], /'craquelure list' needs protections, attacks, metrics or an id/],
    ['models in the list of plug-ins', ['list', 'models'], /For models: craquelure models list/],
    ['a misspelt id', ['list', 'mistt'], /Did you mean 'mist'/],
    ['a part of an id', ['list', 'glaze'], /Did you mean 'glaze-style'/],
    ['no images', ['protect'], /'craquelure protect' needs images or folders/],
    ['no output', ['protect', 'x.png'], /'craquelure protect' needs --protection and --out/],
    ['an unknown action', ['models', 'lst'], /Unknown action 'lst'. Did you mean 'list'/],
    [
      'an unknown choice',
      ['finetune', 'images', '--out', 'o', '--method', 'lorra'],
      /Unknown --method 'lorra'. Did you mean 'lora'/,
    ],
    [
      'cells that the experiment does not have',
      ['run', 'experiment.yaml', '--only', 'attack=jpg*'],
      /No cell matches attack=jpg\* .*\n.*\n {2}attacks: identity, jpeg/,
    ],
    [
      'an unknown option',
      ['run', 'experiment.yaml', '--limmit', '3'],
      /Unknown option '--limmit'. Did you mean '--limit'/,
    ],
    [
      'an option that is needed, misspelt',
      ['attack', 'x.png', '--attack', 'jpeg', '--outt=here'],
      /Unknown option '--outt'. Did you mean '--out'/,
    ],
    ['a word too many', ['list', 'attacks', 'jpeg'], /Unexpected argument 'jpeg'/],
    ['a missing experiment', ['run', 'nothing.yaml'], /There is no experiment file 'nothing.yaml'/],
    [
      'a limit of zero',
      ['run', 'experiment.yaml', '--limit', '0'],
      /Expected integer of at least 1 for --limit but received 0/,
    ],
    [
      'an unknown field in --only',
      ['run', 'experiment.yaml', '--only', 'atack=jpeg'],
      /Unknown field 'atack'. Did you mean 'attack'/,
    ],
    [
      'an unknown attack',
      ['attack', 'images', '--attack', 'jpg', '--out', 'o'],
      /Unknown attack 'jpg'. Did you mean 'jpeg'/,
    ],
    [
      'a parameter out of range',
      ['attack', 'images', '--attack', 'jpeg(quality=0)', '--out', 'o'],
      /Expected integer between 1 and 100 for jpeg.quality but received 0/,
    ],
    [
      'a missing picture',
      ['measure', 'images/a.png', 'images/nothing.png'],
      /Cannot open 'images\/nothing.png'/,
    ],
    [
      'an unknown metric',
      ['measure', 'images/a.png', 'images/b.png', '--metrics', 'sim'],
      /Unknown metric 'sim'. Did you mean 'ssim'/,
    ],
    [
      'results over the inputs',
      ['attack', 'images', '--attack', 'identity', '--out', 'images'],
      /would overwrite/,
    ],
  ])('%s ends with a sentence and no stack', async (_, args, sentence) => {
    const { dir } = await experimentFolder(MATRIX, 2);
    const { code, stdout, stderr } = await craquelure(args, dir);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
    expect(code).not.toBe(0);
  });

  it('has exit code 2', async () => {
    const { dir } = await experimentFolder(MATRIX.replace('jpeg', 'jpg'), 1);
    expect((await craquelure(['validate', 'experiment.yaml'], dir)).code).toBe(2);
    expect((await craquelure(['run'], dir)).code).toBe(2);
  });

  it('names a folder that is not a run', async () => {
    const { code, stderr } = await craquelure(['status', '.'], await temporaryFolder());
    expect(stderr).toContain("Folder '.' is not a run");
    expect(code).toBe(1);
  });
});

describe('by hand', () => {
  it('protects within the budget and writes PNG under the same names', async () => {
    const { dir } = await experimentFolder(MATRIX, 2);
    const args = ['protect', 'images', '--protection', 'noise', '--level', 'light', '--out', 'out', '--json'];
    const { code, stdout } = await craquelure(args, dir);
    expect(code).toBe(0);
    expect(
      JSON.parse(stdout).outputs.map((each: { measured: { linfPx: number } }) => each.measured.linfPx),
    ).toEqual([4, 4]);
    const [a, b] = await Promise.all(
      [join(dir, 'images/a.png'), join(dir, 'out/a.png')].map((path) => sharp(path).raw().toBuffer()),
    );
    const distance = Math.max(...a!.map((value, i) => Math.abs(value - b![i]!)));
    expect(distance).toBe(4);
  });

  it('passes on the caption that stands beside a picture, and records it', async () => {
    const { dir } = await experimentFolder(MATRIX, 2);
    await writeFile(join(dir, 'images/a.txt'), 'a painting of a boat\n');
    await craquelure(['protect', 'images', '--protection', 'noise', '--out', 'out'], dir);
    expect(await readFile(join(dir, 'out/a.txt'), 'utf8')).toBe('a painting of a boat\n');
    const records = JSON.parse(await readFile(join(dir, 'out/protections.json'), 'utf8'));
    expect(records['a.png'].caption).toBe('a painting of a boat');
    expect(records['b.png'].caption).toBeUndefined();
  });

  it('attacks with a chain of five, and points at what is misspelt in one', async () => {
    const { dir } = await experimentFolder(MATRIX, 1);
    const chain =
      'jpeg(quality=75) | rescale(scale=0.5) | gaussian-blur(sigma=1) | median(size=3) | quantize';
    const attack = (text: string) =>
      craquelure(['attack', 'images/a.png', '--attack', text, '--out', 'five'], dir);
    expect((await attack(chain)).code).toBe(0);
    expect(await readdir(join(dir, 'five'))).toEqual(['a.png']);
    const misspelt = chain.replace('size', 'sise');
    const { code, stderr } = await attack(misspelt);
    expect(code).toBe(2);
    const lines = stderr.split('\n');
    const at = lines.findIndex((line) => line.includes(misspelt));
    expect(lines[at + 1]!.indexOf('^')).toBe(lines[at]!.indexOf('sise'));
  });

  it('writes the very file of an encoder that ends a chain', async () => {
    const { dir } = await experimentFolder(MATRIX, 1);
    await craquelure(
      ['attack', 'images/a.png', '--attack', 'rescale | jpeg(quality=40)', '--out', 'out'],
      dir,
    );
    const { format, width, height } = await sharp(join(dir, 'out/a.jpg')).metadata();
    expect({ format, width, height }).toEqual({ format: 'jpeg', width: 40, height: 32 });
  });

  it('gives the bytes that a run with the same seed stores', async () => {
    const { dir } = await experimentFolder(MATRIX, 1);
    await craquelure(['run', 'experiment.yaml'], dir);
    await craquelure(['export', 'reports/small', '--images', 'all'], dir);
    await craquelure(['protect', 'images/a.png', '--protection', 'noise', '--out', 'hand'], dir);
    const [hand, run] = await Promise.all(
      ['hand/a.png', 'all/protected/noise/seed-0/a.png'].map((path) => readFile(join(dir, path))),
    );
    expect(hand).toEqual(run);
  });

  it('measures two folders pair by pair and gives their mean', async () => {
    const { dir } = await experimentFolder(MATRIX, 2);
    await craquelure(['attack', 'images', '--attack', 'jpeg(quality=50)', '--out', 'out'], dir);
    const { stdout } = await craquelure(
      ['measure', 'out', 'images', '--metrics', 'psnr,linf', '--json'],
      dir,
    );
    const [psnr, linf] = JSON.parse(stdout);
    expect(psnr).toMatchObject({ metric: 'psnr', unit: 'dB', n: 2 });
    expect(psnr.value).toBeCloseTo((psnr.images[0].value + psnr.images[1].value) / 2, 10);
    expect(Number.isInteger(linf.images[0].value)).toBe(true);
  });

  it('measures two matrices of features, and names a distance that these features do not have', async () => {
    const dir = await temporaryFolder();
    const save = (name: string, n: number, value: (k: number) => number): Promise<void> =>
      writeNpy(
        join(dir, name),
        tensor(
          'float32',
          [n, 2],
          Float32Array.from({ length: 2 * n }, (_, k) => value(k)),
        ),
      );
    await save('a.npy', 3, (k) => k);
    await save('b.npy', 3, (k) => k + 10);
    await save('c.npy', 4, (k) => k);
    const good = await craquelure(['measure', 'b.npy', 'a.npy', '--metrics', 'frechet', '--json'], dir);
    expect(JSON.parse(good.stdout)).toMatchObject([{ metric: 'frechet', unit: '', n: 3 }]);
    expect(JSON.parse(good.stdout)[0].value).toBeCloseTo(200, 9); // both means moved by 10, nothing else
    const mixed = await craquelure(['measure', 'c.npy', 'b.npy', '--allow-unequal', '--json'], dir);
    expect(JSON.parse(mixed.stdout).map(({ metric }: { metric: string }) => metric)).toEqual([
      'frechet',
      'kid',
      'cmmd',
      'cmmd-u',
    ]);
    expect(JSON.parse(mixed.stdout)[0]).toMatchObject({ n: 4, references: 3 });
    const refused = await craquelure(['measure', 'a.npy', 'c.npy'], dir);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain(unequalSets('a.npy', 3, 'c.npy', 4).message);
    await save('zero.npy', 3, (k) => Math.max(0, k - 1)); // its first row is 0 0
    const partly = await craquelure(['measure', 'zero.npy', 'b.npy', '--metrics', 'kid,cmmd', '--json'], dir);
    expect(partly.code).toBe(3);
    expect(JSON.parse(partly.stdout)[1]).toMatchObject({
      value: null,
      error: zeroFeatures('zero.npy', 0).message,
    });
  });

  it('goes on after a picture that fails', async () => {
    const { dir } = await experimentFolder(MATRIX, 2);
    await writeFile(join(dir, 'images/a.png'), (await picture(1)).subarray(0, 300));
    const { code, stdout, stderr } = await craquelure(
      ['attack', 'images', '--attack', 'jpeg', '--out', 'out', '--json'],
      dir,
    );
    expect(code).toBe(3);
    expect(JSON.parse(stdout).outputs.length).toBe(1);
    expect(stderr).toContain('a.png');
  });

  it('carries transparency through unchanged', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'images'));
    const rgba = Buffer.from(Array.from({ length: 16 * 16 * 4 }, (_, i) => (i * 37) % 256));
    await sharp(rgba, { raw: { width: 16, height: 16, channels: 4 } })
      .png()
      .toFile(join(dir, 'images/t.png'));
    await craquelure(['attack', 'images', '--attack', 'gaussian-blur(sigma=1)', '--out', 'out'], dir);
    const after = await sharp(join(dir, 'out/t.png')).raw().toBuffer();
    const alpha = (buffer: Buffer): number[] => [...buffer].filter((_, i) => i % 4 === 3);
    expect(alpha(after)).toEqual(alpha(rgba));
  });
});

describe('help', () => {
  it('lists every verb, and every option of a verb', async () => {
    const dir = await temporaryFolder();
    const help = await craquelure(['--help'], dir);
    for (const verb of [
      'run',
      'plan',
      'validate',
      'status',
      'report',
      'export',
      'protect',
      'attack',
      'measure',
      'list',
      'models',
      'datasets',
      'doctor',
    ]) {
      expect(help.stdout).toContain(`craquelure ${verb}`);
    }
    expect((await craquelure(['run', '--help'], dir)).stdout).toContain('--retry-errors');
    expect((await craquelure(['completion'], dir)).stdout).toContain('craquelure');
  });

  it('lists the registries with parameters, units and defaults', async () => {
    const dir = await temporaryFolder();
    const { stdout } = await craquelure(['list', 'attacks', '--json'], dir);
    const jpeg = JSON.parse(stdout).find(({ id }: { id: string }) => id === 'jpeg');
    expect(jpeg.params[0]).toMatchObject({ name: 'quality', accepts: 'integer between 1 and 100' });
    const lines = (await craquelure(['list', 'attacks'], dir)).stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('jpeg ')).length).toBe(1);
    expect(lines.length).toBe(JSON.parse(stdout).length + 2); // a line a plug-in, below a header
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
    const one = (await craquelure(['list', 'jpeg'], dir)).stdout;
    expect(one).toMatch(/quality +75 +integer between 1 and/);
    expect(one).not.toContain('webp');
    expect((await craquelure(['datasets', 'list'], dir)).stdout).toContain('atelier');
  });

  it('doctor names libraries and devices', async () => {
    const { code, stdout } = await craquelure(['doctor', '--json'], await temporaryFolder());
    expect(code).toBe(0);
    const { findings } = JSON.parse(stdout);
    expect(findings.find(({ what }: { what: string }) => what === 'device cpu').state).toBe('ok');
  });
});

describe('models', () => {
  it('are listed with roles, files, hashes and licences, absent ones with a null path', async () => {
    const { code, stdout } = await craquelure(['models', 'list', '--json'], await temporaryFolder());
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { id: string; state: string; roles: string[]; files: unknown[] }[];
    expect(rows.find(({ id }) => id === 'taesd')).toMatchObject({
      roles: ['vae-encoder', 'vae-decoder'],
      licence: 'MIT',
      files: [{ name: 'diffusion_pytorch_model.safetensors', path: null }, { name: 'config.json' }],
    });
    expect(rows.find(({ id }) => id === 'sd21')).toMatchObject({ state: 'absent', published: true });
    expect(rows.find(({ id }) => id === 'squeezenet1.1')).toMatchObject({ published: false });
  });

  it('that are missing, unknown or not to be had end a command with their own codes', async () => {
    const dir = await temporaryFolder();
    expect((await craquelure(['models', 'pull', 'taesdd'], dir)).stderr).toContain("Did you mean 'taesd'?");
    expect((await craquelure(['models', 'pull'], dir)).code).toBe(2);
    const { code, stderr } = await craquelure(['models', 'pull', 'squeezenet1.1'], dir);
    expect(code).toBe(1);
    expect(stderr).toContain('torch.onnx.export');
  });
});
