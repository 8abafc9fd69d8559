/** @file `manifest.json`: everything needed to say which program, machine, pictures and settings made the rows. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Device } from '../runtime/device.ts';
import type { Dataset } from '../datasets/dataset.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { Executor } from '../jobs/executor.ts';
import type { Plan } from '../plan/plan.ts';
import type { AttackTraining } from './attack-trainings.ts';
import type { FileHashes } from './run-files.ts';
import { modelHome } from '../models/home.ts';
import type { ResolvedModel } from '../models/resolve.ts';
import type { VerdictRule } from '../experiment/verdict-rule.ts';

/** The record that goes with the rows of a run. */
export interface Manifest {
  readonly schemaVersion: 1;
  /** Name and short hash: `quickstart-1a2b3c4d`. */
  readonly run: string;
  /** sha256 over the resolved matrix and the data set's hashes: two runs with the same plan have the same rows. */
  readonly plan: string;
  readonly name: string;
  readonly description?: string;
  readonly tool: {
    readonly name: string;
    readonly version: string;
    readonly commit: string | null;
    readonly dirty: boolean | null;
  };
  /** The experiment file as it was. */
  readonly experiment: { readonly file: string; readonly sha256: string; readonly text: string };
  /** What the experiment file says of verdicts; absent where it says nothing. */
  readonly verdict?: VerdictRule;
  readonly seeds: readonly number[];
  readonly seedRule: string;
  readonly dataset: {
    readonly name: string;
    readonly notes: readonly string[];
    readonly items: readonly ManifestItem[];
  };
  /** The networks that took part: which bytes, from where, on what terms, who vouches; absent where none did. */
  readonly models?: readonly ResolvedModel[];
  /** Programs outside this package that made pictures: versions by name; absent where none did. */
  readonly programs?: Readonly<Record<string, string>>;
  /** The trainings of attacks; absent if none is trained, and until the run is finished. */
  readonly attackTrainings?: readonly AttackTraining[];
  readonly environment: Environment;
  /** ISO 8601. */
  readonly started: string;
  readonly finished: string | null;
  /** Wall time of all sessions that worked on this run, in ms. */
  readonly ms: number;
  readonly jobs: { readonly executed: number; readonly reused: number; readonly failed: number };
  /** If the run is finished: the hashes of its files, by name; absent in runs of earlier versions. */
  readonly files?: FileHashes;
  /** High-water mark of the process's resident memory, in bytes. */
  readonly peakRss: number;
}

/** One picture of the data set. */
export interface ManifestItem {
  readonly id: string;
  readonly sha256: string;
  readonly artist?: string;
  readonly title?: string;
  readonly licence?: string;
}

/** Machine and library versions. */
export interface Environment {
  readonly node: string;
  readonly os: string;
  readonly arch: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly workers: number;
  /** Where networks ran, where any did, and the adapter's name where the platform tells it. */
  readonly device?: { readonly name: Device; readonly adapter?: string };
  /** Versions of sharp, libvips and its codecs, onnxruntime-node, vega. */
  readonly libraries: Readonly<Record<string, string>>;
}

/** The device that networks run on, for the manifest. */
async function nameDevice(name: Device): Promise<NonNullable<Environment['device']>> {
  const { describeDevice } = await import('../runtime/device.ts');
  const { adapter } = await describeDevice(name);
  return { name, ...(adapter !== undefined && { adapter }) };
}

/** How a job's seed comes from the root seed; printed into every manifest. */
export const SEED_RULE =
  'seed = first 4 bytes of sha256(canonical JSON of {root, stage, steps, image}), image = sha256 of the source picture; ' +
  'so the clean and the protected arm meet the same random draws of an attack';

const require = createRequire(import.meta.url);

/** Version of this package, from its package.json. */
export const toolVersion = (): string => (require('../../package.json') as { version: string }).version;

/** Looks at the machine. */
export async function describeEnvironment(workers: number): Promise<Environment> {
  const { default: sharp } = await import('sharp');
  return {
    node: process.version,
    os: `${platform()} ${release()}`,
    arch: arch(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    workers,
    libraries: {
      ...(sharp.versions as unknown as Record<string, string>),
      ...(await packageVersions(['onnxruntime-node', 'vega', 'vega-lite'])),
    },
  };
}

/** Versions of installed packages, wherever the package manager has put them; absent ones are left out. */
async function packageVersions(names: readonly string[]): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const name of names) {
    for (const folder of require.resolve.paths(name) ?? []) {
      const text = await readFile(join(folder, name, 'package.json'), 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      versions[name] = (JSON.parse(text) as { version: string }).version;
      break;
    }
  }
  return versions;
}

/** The commit of the program's own checkout, where it runs from one. */
async function describeTool(): Promise<Manifest['tool']> {
  const git = async (...args: string[]): Promise<string | null> => {
    try {
      const cwd = new URL('../../', import.meta.url);
      const { stdout } = await promisify(execFile)('git', args, { cwd });
      return stdout.trim();
    } catch {
      return null;
    }
  };
  // Installed as a package inside another project's checkout, git would answer for that project.
  const own = (await git('ls-files', '--error-unmatch', 'src/run/manifest.ts')) !== null;
  const commit = own ? await git('rev-parse', 'HEAD') : null;
  const status = own ? await git('status', '--porcelain') : null;
  return {
    name: 'craquelure',
    version: toolVersion(),
    commit,
    dirty: status === null ? null : status !== '',
  };
}

/** The manifest of a run that starts, or that continues an earlier session. */
export async function startManifest(
  {
    experiment,
    dataset,
    plan,
  }: { readonly experiment: Experiment; readonly dataset: Dataset; readonly plan: Plan },
  executor: Executor,
  previous?: Manifest,
): Promise<Manifest> {
  const [tool, environment] = await Promise.all([describeTool(), describeEnvironment(executor.workers)]);
  return {
    schemaVersion: 1,
    run: plan.run,
    plan: plan.hash,
    name: experiment.name,
    ...(experiment.description !== undefined && { description: experiment.description }),
    tool,
    experiment: experiment.source,
    ...(experiment.verdict !== undefined && { verdict: experiment.verdict }),
    seeds: experiment.seeds,
    seedRule: SEED_RULE,
    dataset: {
      name: dataset.name,
      notes: dataset.notes,
      items: plan.items.map(({ id, sha256, artist, title, licence }) => ({
        id,
        sha256,
        ...(artist !== undefined && { artist }),
        ...(title !== undefined && { title }),
        ...(licence !== undefined && { licence }),
      })),
    },
    ...(plan.models.length > 0 && { models: plan.models.map(placed) }),
    ...programsOf(plan),
    environment: {
      ...environment,
      ...(plan.models.length > 0 && { device: await nameDevice(executor.device) }),
    },
    started: previous?.started ?? new Date().toISOString(),
    finished: null,
    ms: previous?.ms ?? 0,
    jobs: previous?.jobs ?? { executed: 0, reused: 0, failed: 0 },
    peakRss: 0,
  };
}

/** What settings call outside this package, as it was found before anything ran. */
function programsOf({ cells }: Plan): Pick<Manifest, 'programs'> {
  const links = cells.flatMap(({ protection, attack, metric }) =>
    [protection, attack, metric].flatMap((setting) => setting.links),
  );
  const programs = Object.assign({}, ...links.map((link) => link.programs)) as Record<string, string>;
  return Object.keys(programs).length > 0 ? { programs } : {};
}

/** The manifest of a run that is finished; what came of its attacks' trainings is known now. */
export const finishManifest = (
  manifest: Manifest,
  done: Pick<Manifest, 'ms' | 'jobs' | 'files'> & { readonly attackTrainings: readonly AttackTraining[] },
): Manifest => ({
  ...manifest,
  ...(done.attackTrainings.length > 0 && { attackTrainings: done.attackTrainings }),
  finished: new Date().toISOString(),
  ms: Math.round(done.ms),
  jobs: {
    executed: manifest.jobs.executed + done.jobs.executed,
    reused: manifest.jobs.reused + done.jobs.reused,
    failed: manifest.jobs.failed + done.jobs.failed,
  },
  ...(done.files && { files: done.files }),
  peakRss: process.resourceUsage().maxRSS * 1024,
});

/** A model with the places of its files; those that ship with the package are named from its root, wherever that is. */
function placed(model: ResolvedModel): ResolvedModel {
  const { embedded } = modelHome();
  const inPackage = (path: string): string =>
    path.startsWith(embedded) ? relative(dirname(embedded), path).replaceAll('\\', '/') : path;
  return { ...model, files: model.files.map((file) => ({ ...file, path: inPackage(file.path) })) };
}
