/**
 * @file Two runs compared: what differs between their manifests, and for each pair of protection, attack and metric that both
 * have, how R differs on the images that both have. Paired: the draws of both runs are of the same images.
 */
import type { Manifest } from '../run/manifest.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import { bootstrapInterval, type Resamples, resample, weightedMean } from '../stats/bootstrap.ts';
import type { Estimate } from '../stats/inference.ts';
import { analyse, analysisOptions } from './analyse.ts';
import type { Analysis, AnalysisOptions, Outcome } from './answers.ts';
import { hasResidual } from './outcome.ts';
import { isBaseline } from './roles.ts';

/** One pair of protection and attack under one metric. */
export interface PairedCell {
  readonly protection: string;
  readonly attack: string;
  readonly metric: string;
  /** False if the attack is the baseline, which does nothing. */
  readonly attacked: boolean;
  /** Printed names of the two: with every swept parameter. */
  readonly names: { readonly protection: string; readonly attack: string };
  /** Absent if that run does not have the pair. */
  readonly a?: Side;
  readonly b?: Side;
  /** Images that both have, with the same bytes. */
  readonly n: number;
  /** R in B minus R in A, on those images; absent if one of them has no effect to lose. */
  readonly difference?: Estimate;
  /** The same of the effect before any attack, d[protected] - d[clean]. */
  readonly effectDifference?: Estimate;
  readonly changed: boolean;
}

interface Side {
  readonly verdict: Outcome;
  /** Absent if there is no effect to lose. */
  readonly residual?: Estimate;
  readonly n: number;
}

/** A field that differs between the manifests. */
export interface ManifestDifference {
  readonly field: string;
  readonly a: string;
  readonly b: string;
}

export interface RunComparison {
  readonly a: { readonly run: string; readonly dir: string };
  readonly b: { readonly run: string; readonly dir: string };
  readonly images: {
    readonly shared: number;
    readonly onlyA: number;
    readonly onlyB: number;
    readonly changed: number;
  };
  readonly manifests: readonly ManifestDifference[];
  readonly pairs: readonly PairedCell[];
}

/** Compares run B, the later one, with run A. */
export function compareRuns(a: RunFolder, b: RunFolder, options: AnalysisOptions = {}): RunComparison {
  const [inA, inB] = [a, b].map((run) => new Map(itemsOf(run))) as [Map<string, string>, Map<string, string>];
  const common = [...inA.keys()].filter((id) => inB.has(id));
  const shared = new Set(common.filter((id) => inA.get(id) === inB.get(id)));
  // Each run has its verdicts by its own rule, as in its own report.
  const [first, second] = [a, b].map((run) => analyse(run, analysisOptions(run.manifest, options)));
  const keyOf = ({ protection, attack, effect }: Analysis): string =>
    JSON.stringify([protection.label, attack.label, effect.metric.label]);
  const ofB = new Map(second!.pairs.map((pair) => [keyOf(pair), pair]));
  const ofA = new Map(first!.pairs.map((pair) => [keyOf(pair), pair]));
  const draw = sharedDraws(options.draws);
  // An id outside the data sets is a whole set, or a sample of a mimic.
  const comparable = (id: string): boolean => shared.has(id) || !(inA.has(id) || inB.has(id));
  return {
    a: { run: a.manifest.run, dir: a.dir },
    b: { run: b.manifest.run, dir: b.dir },
    images: {
      shared: shared.size,
      onlyA: inA.size - common.length,
      onlyB: inB.size - common.length,
      changed: common.length - shared.size,
    },
    manifests: manifestDifferences(a.manifest, b.manifest),
    pairs: [...new Set([...ofA.keys(), ...ofB.keys()])].map((key) =>
      comparePair(ofA.get(key), ofB.get(key), comparable, draw),
    ),
  };
}

const itemsOf = ({ manifest }: RunFolder): [string, string][] =>
  manifest.dataset.items.map(({ id, sha256 }) => [id, sha256]);

/** The same draws for all pairs over equally many images. */
function sharedDraws(draws: number | undefined): (n: number) => Resamples {
  const made = new Map<number, Resamples>();
  return (n) => {
    const random = seededRandom(deriveSeed(`compare/${n}`));
    const known = made.get(n) ?? resample(n, random, draws === undefined ? {} : { draws });
    made.set(n, known);
    return known;
  };
}

function comparePair(
  a: Analysis | undefined,
  b: Analysis | undefined,
  comparable: (id: string) => boolean,
  draw: (n: number) => Resamples,
): PairedCell {
  const { protection, attack, effect, names } = (a ?? b)!;
  const images = (a?.images ?? []).filter((id) => comparable(id) && b?.images.includes(id));
  const difference = a && b && differenceOf(a, b, images, draw);
  return {
    protection: protection.label,
    attack: attack.label,
    metric: effect.metric.label,
    attacked: !isBaseline(attack),
    names,
    ...(a && { a: sideOf(a) }),
    ...(b && { b: sideOf(b) }),
    n: images.length,
    ...difference,
    changed: a?.outcome !== b?.outcome,
  };
}

const sideOf = (pair: Analysis): Side => ({
  verdict: pair.outcome,
  ...(hasResidual(pair) && { residual: pair.residual.ratio }),
  n: pair.residual.n,
});

function differenceOf(
  a: Analysis,
  b: Analysis,
  images: readonly string[],
  draw: (n: number) => Resamples,
): Pick<PairedCell, 'difference' | 'effectDifference'> {
  if (images.length === 0) return {};
  const [first, second] = [a, b].map((of) => {
    const at = images.map((id) => of.images.indexOf(id));
    const pick = (values: Float64Array): number[] => at.map((i) => values[i]!);
    return { effect: pick(of.residual.effectPerImage), left: pick(of.residual.survivingPerImage) };
  });
  const estimate = (statistic: (weights: Uint8Array) => number): Estimate => ({
    value: statistic(new Uint8Array(images.length).fill(1)),
    interval: bootstrapInterval(statistic, draw(images.length)),
  });
  const mean = (values: readonly number[], weights: Uint8Array): number => weightedMean(values, weights);
  const effectDifference = estimate((w) => mean(second!.effect, w) - mean(first!.effect, w));
  if (!hasResidual(a) || !hasResidual(b)) return { effectDifference };
  const ratio = ({ left, effect }: typeof first & object, w: Uint8Array): number =>
    mean(left, w) / Math.max(mean(effect, w), Number.MIN_VALUE);
  return { effectDifference, difference: estimate((w) => ratio(second!, w) - ratio(first!, w)) };
}

/** What could explain a difference: program, settings, networks, machine. */
function manifestDifferences(a: Manifest, b: Manifest): ManifestDifference[] {
  const [first, second] = [factsOf(a), factsOf(b)];
  const fields = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  return fields
    .map((field) => ({ field, a: first[field] ?? 'absent', b: second[field] ?? 'absent' }))
    .filter((each) => each.a !== each.b);
}

function factsOf({ tool, experiment, seeds, dataset, models = [], environment, verdict }: Manifest) {
  const { libraries, device, ...machine } = environment;
  const facts: Record<string, string> = {
    'tool.version': tool.version,
    'tool.commit': `${tool.commit ?? 'unknown'}${tool.dirty === true ? ', modified' : ''}`,
    'experiment.sha256': experiment.sha256.slice(0, 12),
    verdict: JSON.stringify(verdict ?? {}),
    seeds: seeds.join(', '),
    dataset: `${dataset.name}, ${dataset.items.length} images`,
    device: device === undefined ? 'none' : `${device.name} ${device.adapter ?? ''}`.trim(),
  };
  for (const { role, id, key } of models) facts[`models.${role}.${id}`] = key.slice(0, 12);
  for (const [name, value] of Object.entries(machine)) facts[`machine.${name}`] = String(value);
  for (const [name, version] of Object.entries(libraries)) facts[`libraries.${name}`] = version;
  return facts;
}
