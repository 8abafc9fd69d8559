/** @file `generated.json`: the samples of the mimics that were trained on the arms of a run, for sheets and for voting. */
import type { Cell } from '../experiment/setting.ts';
import type { FineTuneOutput, GetRecord } from '../jobs/job.ts';
import type { Store } from '../jobs/store.ts';
import { CraquelureError } from '../messages/index.ts';
import { ARMS, type RowArm } from '../metrics/arms.ts';
import type { Split } from '../metrics/define.ts';
import { picturesOf } from '../plan/arms.ts';
import { fineTuneJobOf, mimicOf, usesMimics } from '../plan/mimics.ts';
import type { Plan } from '../plan/plan.ts';
import { storedRecords } from '../plan/stored.ts';
import { type Unit, unitsOf } from '../plan/units.ts';
import { isAttacked, isProtected } from './images.ts';
import type { MimicRun } from './run-folder.ts';

/** The mimics of a plan that the store holds, each once for an arm, however many metrics judge it. */
export async function collectMimics(plan: Plan, store: Store): Promise<MimicRun[]> {
  const { ifStored } = storedRecords(store);
  const mimics = new Map<string, MimicRun>();
  for (const cell of plan.cells.filter(usesMimics)) {
    const units = unitsOf(plan, cell);
    const firsts = new Map(units.map((unit) => [unit.sample!.artist, unit]));
    for (const unit of firsts.values()) {
      for (const arm of [...ARMS, 'untuned'] as const) {
        const name = mimicName(cell, arm, unit);
        const found =
          mimics.get(name) ?? (await ifStored((get) => storedMimic(plan, cell, arm, unit, store, get)));
        if (found === undefined) continue;
        const { label } = cell.metric;
        mimics.set(name, { ...found, metrics: [...new Set([...(found.metrics ?? []), label])] });
      }
    }
  }
  return [...mimics.values()];
}

/** The same for all metrics that judge the same samples: specification, training set, and what was done to it. */
function mimicName(cell: Cell, arm: RowArm, { items, sample }: Unit): string {
  const { metric, step, mimic } = mimicOf(cell);
  const split = arm === 'untuned' ? null : splitOrNull(() => metric.split(items, step.params));
  return JSON.stringify([mimic, split, sample!.artist, ...settingOf(cell, arm)]);
}

/** Null if an artist has too few images: the rows say so already. */
function splitOrNull(split: () => Split): Split | null {
  try {
    return split();
  } catch (error) {
    if (error instanceof CraquelureError) return null;
    throw error;
  }
}

/** Protection, attack and seed of an arm; null for what it does not have. */
function settingOf(
  { protection, attack, seed }: Cell,
  arm: RowArm,
): [string | null, string | null, number, RowArm] {
  return [
    isProtected(arm, attack) ? protection.label : null,
    isAttacked(arm) ? attack.label : null,
    seed,
    arm,
  ];
}

/** One mimic as the store holds it; undefined if an artist has too few images: the rows say so already. */
async function storedMimic(
  plan: Plan,
  cell: Cell,
  arm: RowArm,
  { items, sample }: Unit,
  store: Store,
  get: GetRecord,
): Promise<MimicRun | undefined> {
  try {
    const armPictures = (of: Parameters<typeof picturesOf>[2], own: typeof items) =>
      picturesOf(plan, cell, of, own, get);
    const { job } = await fineTuneJobOf(cell, arm, items, armPictures);
    const { pictures, losses, weights } = (await get(job, { image: sample!.artist }))
      .output as FineTuneOutput;
    const [protection, attack, seed] = settingOf(cell, arm);
    const { prompts, imagesPerPrompt } = mimicOf(cell).mimic;
    return {
      metric: cell.metric.label,
      metrics: [cell.metric.label],
      artist: sample!.artist,
      arm,
      protection,
      attack,
      seed,
      prompts,
      imagesPerPrompt,
      pictures: pictures.map(({ sha256 }) => ({ sha256, path: store.blobPath(sha256) })),
      losses,
      weights: weights === null ? null : store.blobPath(weights.sha256, 'safetensors'),
    };
  } catch (error) {
    if (error instanceof CraquelureError) return undefined;
    throw error;
  }
}
