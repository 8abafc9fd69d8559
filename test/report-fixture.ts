/** @file A run folder made up in memory, with real small pictures on disk: what the report is tested on. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Manifest } from '../src/run/manifest.ts';
import type { Row } from '../src/run/rows.ts';
import { ARMS, type Arm } from '../src/metrics/arms.ts';
import type { CellRecord, RunFolder, RunImage } from '../src/run/run-folder.ts';
import type { MetricSetting, Setting, SettingLink } from '../src/experiment/setting.ts';
import { type Random, seededRandom } from '../src/random.ts';

/** 8-bit RGB pixels. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

interface FixtureSetting<F> {
  readonly setting: Setting;
  readonly apply: F;
}

export type FixtureProtection = FixtureSetting<(picture: Picture, random: Random) => Picture>;
export type FixtureAttack = FixtureSetting<(picture: Picture) => Promise<Picture>>;
export type FixtureMetric = FixtureSetting<(picture: Picture, clean: Picture) => number> & {
  readonly setting: MetricSetting;
};

/** A setting of one plug-in. */
export const settingOf = (
  id: string,
  params: Record<string, unknown> = {},
  { name = id, ...fields }: { name?: string } & Pick<SettingLink, 'strength' | 'role' | 'budget'> = {},
): Setting => {
  const shown = Object.entries(params).map(([key, value]) => `${key}=${String(value)}`);
  return {
    label: shown.length === 0 ? id : `${id}(${shown.join(', ')})`,
    links: [{ id, name, version: 1, params, ...fields }],
    random: fields.role === 'placebo',
  };
};

/** A row of a cell that was measured. */
export const rowOf = (
  { id, protection, attack, metric }: CellRecord,
  { arm, image, value }: Pick<Row, 'arm' | 'image' | 'value'>,
): Row => ({
  run: 'made-up',
  cell: id,
  protection: protection.label,
  attack: attack.label,
  metric: metric.label,
  arm,
  image,
  value,
  unit: '',
  higherIsBetter: metric.higherIsBetter,
  n: 1,
  seed: 0,
  ms: 1,
  status: 'ok',
  error: null,
});

const chainOf = (...settings: readonly Setting[]): Setting => ({
  label: settings.map(({ label }) => label).join(' | '),
  links: settings.flatMap(({ links }) => links),
  random: settings.some(({ random }) => random),
});

// ---- protections -----------------------------------------------------------------------------------------

const mapPixels = (picture: Picture, f: (value: number, i: number) => number): Picture => ({
  ...picture,
  pixels: picture.pixels.map((value, i) => Math.max(0, Math.min(255, Math.round(f(value, i))))),
});

export const identityProtection: FixtureProtection = {
  setting: settingOf('identity', {}, { name: 'no protection', role: 'baseline' }),
  apply: (picture) => picture,
};

export const noise: FixtureProtection = {
  setting: settingOf(
    'noise',
    { level: 'medium' },
    { name: 'random noise', role: 'placebo', budget: { epsPx: 8 } },
  ),
  apply: (picture, random) => mapPixels(picture, (value) => value + 8 * random.sign()),
};

/** A smooth interference pattern, which survives what random signs do not. */
export const ripple: FixtureProtection = {
  setting: settingOf('ripple', { level: 'medium' }, { name: 'Ripple', budget: { epsPx: 8 } }),
  apply: (picture) =>
    mapPixels(picture, (value, i) => {
      const pixel = Math.floor(i / 3);
      const x = pixel % picture.width;
      const y = Math.floor(pixel / picture.width);
      return value + 8 * Math.sign(Math.sin(0.55 * x + 0.3 * y) * Math.sin(0.2 * x - 0.5 * y + (i % 3)));
    }),
};

// ---- attacks ---------------------------------------------------------------------------------------------

const throughSharp =
  (edit: (image: Sharp) => Sharp | Promise<Sharp>) =>
  async ({ width, height, pixels }: Picture): Promise<Picture> => {
    const edited = await edit(sharp(pixels, { raw: { width, height, channels: 3 } }));
    const { data, info } = await edited.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
  };

export const identityAttack: FixtureAttack = {
  setting: settingOf('identity', {}, { name: 'no attack', role: 'baseline' }),
  apply: async (picture) => picture,
};

export const jpeg = (quality: number): FixtureAttack => ({
  setting: settingOf(
    'jpeg',
    { quality },
    { name: 'JPEG', strength: { parameter: 'quality', harsher: 'lower' } },
  ),
  apply: throughSharp(async (image) => sharp(await image.jpeg({ quality }).toBuffer())),
});

export const blur = (sigma: number): FixtureAttack => ({
  setting: settingOf(
    'gaussian-blur',
    { sigma },
    { name: 'Gaussian blur', strength: { parameter: 'sigma', harsher: 'higher' } },
  ),
  apply: throughSharp((image) => image.blur(sigma)),
});

export const chain = (...attacks: readonly FixtureAttack[]): FixtureAttack => ({
  setting: chainOf(...attacks.map(({ setting }) => setting)),
  apply: async (picture) => {
    let result = picture;
    for (const { apply } of attacks) result = await apply(result);
    return result;
  },
});

// ---- metrics ---------------------------------------------------------------------------------------------

const metricOf = (
  id: string,
  name: string,
  unit: string,
  effect: MetricSetting['effect'],
  apply: FixtureMetric['apply'],
): FixtureMetric => ({
  setting: {
    ...settingOf(id, {}, { name }),
    kind: 'pair',
    unit,
    higherIsBetter: effect !== 'value',
    effect,
    measures: 'fidelity',
    protocol: `${id}, as the fixture computes it`,
  },
  apply,
});

const meanSquare = (a: Picture, b: Picture): number =>
  a.pixels.reduce((sum, value, i) => sum + (value - b.pixels[i]!) ** 2, 0) / a.pixels.length / 255 ** 2;

export const psnr = metricOf('psnr', 'PSNR', 'dB', 'amplitude', (a, b) => -10 * Math.log10(meanSquare(a, b)));

/** Structural similarity over 8 x 8 blocks: a stand-in that is cheap, not a protocol. */
const structure = metricOf('ssim', 'SSIM', '', 'complement', (a, b) => {
  let sum = 0;
  let blocks = 0;
  for (let y = 0; y + 8 <= a.height; y += 8) {
    for (let x = 0; x + 8 <= a.width; x += 8, blocks++) sum += blockSsim(a, b, x, y);
  }
  return sum / blocks;
});

export const ssim: FixtureMetric = {
  ...structure,
  setting: { ...structure.setting, primary: 1, quality: 2 },
};

function blockSsim(a: Picture, b: Picture, left: number, top: number): number {
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + 8; y++) {
    for (let x = left; x < left + 8; x++) {
      const i = 3 * (y * a.width + x) + 1;
      const u = a.pixels[i]!;
      const v = b.pixels[i]!;
      sa += u;
      sb += v;
      saa += u * u;
      sbb += v * v;
      sab += u * v;
    }
  }
  const [ma, mb] = [sa / 64, sb / 64];
  const [va, vb, cov] = [saa / 64 - ma * ma, sbb / 64 - mb * mb, sab / 64 - ma * mb];
  const [c1, c2] = [6.5025, 58.5225];
  return ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
}

// ---- the run ---------------------------------------------------------------------------------------------

export interface FixtureOptions {
  readonly dir: string;
  /** Ids of the data set; drawn by `pictures` or painted. */
  readonly images?: readonly string[];
  readonly pictures?: (id: string) => Promise<Picture>;
  readonly protections?: readonly FixtureProtection[];
  readonly attacks?: readonly FixtureAttack[];
  readonly metrics?: readonly FixtureMetric[];
  readonly seeds?: readonly number[];
  readonly size?: number;
  /** A measurement that fails, with this reason. */
  readonly fails?: (row: Row) => string | undefined;
}

/** Blobs of colour with a little texture; enough like a picture for JPEG and SSIM. */
export async function paint(id: string, width: number, height = width): Promise<Picture> {
  const random = seededRandom(createHash('sha256').update(id).digest().readUInt32BE(0));
  const blobs = Array.from({ length: 14 }, () => ({
    x: random.uniform() * width,
    y: random.uniform() * height,
    radius: (0.1 + 0.3 * random.uniform()) * width,
    colour: [random.int(256), random.int(256), random.int(256)],
  }));
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / 3);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    let value = 150;
    for (const blob of blobs) {
      const inside = Math.hypot(x - blob.x, y - blob.y) < blob.radius;
      if (inside) value = 0.4 * value + 0.6 * blob.colour[i % 3]!;
    }
    pixels[i] = Math.max(0, Math.min(255, value + 10 * Math.sin(x * 0.9) + 6 * random.normal()));
  }
  return { width, height, pixels };
}

/** Makes the pictures of all arms, measures them and returns the run; the pictures lie in `dir/store`. */
export async function makeRun({
  dir,
  images = ['meadow.png', 'harbour.png', 'mill.png', 'orchard.png'],
  size = 48,
  pictures = (id) => paint(id, size),
  protections = [identityProtection, noise, ripple],
  attacks = [identityAttack, jpeg(75), jpeg(40), blur(0.6)],
  metrics = [psnr, ssim],
  seeds = [0],
  fails = () => undefined,
}: FixtureOptions): Promise<RunFolder> {
  const store = join(dir, 'store');
  await mkdir(store, { recursive: true });
  const rows: Row[] = [];
  const records = new Map<string, RunImage>();
  const cells = cellsOf(protections, attacks, metrics, seeds);

  const save = async (picture: Picture, of: Omit<RunImage, 'sha256' | 'width' | 'height' | 'path'>) => {
    const { width, height, pixels } = picture;
    const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const sha256 = createHash('sha256').update(png).digest('hex');
    const path = join(store, `${sha256}.png`);
    await writeFile(path, png);
    records.set(JSON.stringify(of), { ...of, sha256, width, height, path });
  };

  for (const image of images) {
    const clean = await pictures(image);
    for (const seed of seeds) {
      await save(clean, {
        image,
        arm: 'clean',
        protection: null,
        attack: null,
        seed,
        artist: 'Fixture',
        title: image,
      });
      for (const attack of attacks) {
        const attackedClean = await attack.apply(clean);
        await save(attackedClean, {
          image,
          arm: 'attacked-clean',
          protection: null,
          attack: attack.setting.label,
          seed,
          ms: attack.setting.label.length, // a price that is no accident of the machine
        });
        for (const protection of protections) {
          const shielded = protection.apply(clean, seededRandom(seed).fork(image));
          const attackedProtected = await attack.apply(shielded);
          const labels = { image, protection: protection.setting.label, seed };
          await save(shielded, { ...labels, arm: 'protected', attack: null, linfPx: 8, psnr: 30.1 });
          await save(attackedProtected, {
            ...labels,
            arm: 'attacked-protected',
            attack: attack.setting.label,
          });
          const arms: Record<Arm, Picture> = {
            clean,
            protected: shielded,
            'attacked-clean': attackedClean,
            'attacked-protected': attackedProtected,
          };
          for (const metric of metrics) {
            const { id } = cells.find(
              (cell) =>
                cell.protection === protection.setting &&
                cell.attack === attack.setting &&
                cell.metric === metric.setting &&
                cell.seed === seed,
            )!;
            for (const arm of ARMS) {
              const measured: Row = {
                run: 'fixture-00000000',
                cell: id,
                protection: protection.setting.label,
                attack: attack.setting.label,
                metric: metric.setting.label,
                arm,
                image,
                value: metric.apply(arms[arm], clean),
                unit: metric.setting.unit,
                higherIsBetter: metric.setting.higherIsBetter,
                n: 1,
                seed,
                ms: 1,
                status: 'ok',
                error: null,
              };
              const error = fails(measured);
              rows.push(
                error === undefined ? measured : { ...measured, value: null, status: 'error', error },
              );
            }
          }
        }
      }
    }
  }
  return {
    dir,
    manifest: manifestOf(images),
    generated: [],
    rows,
    cells: cells.map((cell) => counted(cell, rows)),
    images: [...records.values()],
  };
}

function cellsOf(
  protections: readonly FixtureProtection[],
  attacks: readonly FixtureAttack[],
  metrics: readonly FixtureMetric[],
  seeds: readonly number[],
): CellRecord[] {
  return protections.flatMap((protection) =>
    attacks.flatMap((attack) =>
      metrics.flatMap((metric) =>
        seeds.map((seed) => {
          const key = [protection.setting.label, attack.setting.label, metric.setting.label, seed].join('/');
          return {
            id: createHash('sha256').update(key).digest('hex').slice(0, 12),
            protection: protection.setting,
            attack: attack.setting,
            metric: metric.setting,
            seed,
            status: 'ok' as const,
            errors: 0,
          };
        }),
      ),
    ),
  );
}

function counted(cell: CellRecord, rows: readonly Row[]): CellRecord {
  const own = rows.filter((row) => row.cell === cell.id);
  const errors = own.filter(({ status }) => status === 'error').length;
  const status =
    own.length === 0 ? 'pending' : errors === 0 ? 'ok' : errors === own.length ? 'failed' : 'partial';
  return { ...cell, errors, status };
}

function manifestOf(images: readonly string[]): Manifest {
  return {
    schemaVersion: 1,
    run: 'fixture-00000000',
    plan: '0'.repeat(64),
    name: 'fixture',
    description: 'Made-up pictures under two protections and four attacks.',
    tool: { name: 'craquelure', version: '0.1.0', commit: '0123456789abcdef', dirty: false },
    experiment: {
      file: 'experiments/fixture.yaml',
      sha256: 'f'.repeat(64),
      text: 'name: fixture\nseed: 0\n',
    },
    seeds: [0],
    seedRule: 'seed = first 4 bytes of sha256(key)',
    dataset: {
      name: 'fixture pictures',
      notes: [],
      items: images.map((id) => ({
        id,
        sha256: createHash('sha256').update(id).digest('hex'),
        artist: 'Fixture',
      })),
    },
    environment: {
      node: 'v20.0.0',
      os: 'linux 6.0',
      arch: 'x64',
      cpu: 'Fixture CPU',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      workers: 2,
      libraries: { sharp: '0.35.5', vips: '8.17.0' },
    },
    started: '2026-01-02T03:04:05.000Z',
    finished: '2026-01-02T03:05:06.000Z',
    ms: 61_000,
    jobs: { executed: 100, reused: 0, failed: 0 },
    peakRss: 300_000_000,
  };
}
