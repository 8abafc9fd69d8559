/** @file `generated.json`: what models made that have learnt the arms of a run, for the report's sheets and for voting. */
import { CraquelureError } from '../messages/index.ts';
import type { Split } from '../metrics/define.ts';
import type { Cell } from '../experiment/cells.ts';
import { isProtected } from './images.ts';
import { type JobRecord, jobKey, type FineTuneOutput, setPicture } from '../jobs/job.ts';
import { mimicUnits, fineTuneJobOf, mimicOf } from '../plan/mimics.ts';
import { artefactOf, type Plan, type Unit } from '../plan/plan.ts';
import { ARMS, type RowArm } from './rows.ts';
import type { MimicRun } from './run-folder.ts';
import type { Store } from '../jobs/store.ts';

/** The lessons of a plan that the store holds, each once for an arm, however many metrics judge it. */
export async function collectMimics(plan: Plan, store: Store): Promise<MimicRun[]> {
  const mimics = new Map<string, MimicRun>();
  for (const cell of plan.cells) {
    if (cell.metric.kind !== 'generated') continue;
    const units = mimicUnits(plan.items, cell);
    const firsts = new Map(units.map((unit) => [unit.generated!.artist, unit]));
    for (const unit of firsts.values()) {
      for (const arm of [...ARMS, 'untuned'] as const) {
        const name = mimicName(cell, arm, unit);
        const known = mimics.get(name);
        const found = known ?? (await foundMimic(plan, cell, arm, unit, store));
        if (found === undefined) continue;
        const { label } = cell.metric;
        mimics.set(name, { ...found, metrics: [...new Set([...(found.metrics ?? []), label])] });
      }
    }
  }
  return [...mimics.values()];
}

/** The same for all metrics that judge the same paintings: lesson, pictures learnt, and what was done to them. */
function mimicName(cell: Cell, arm: RowArm, { items, generated }: Unit): string {
  const { metric, step, mimic } = mimicOf(cell);
  const learnt = arm === 'untuned' ? null : divided(() => metric.split(items, step.params));
  return JSON.stringify([mimic, learnt, generated!.artist, ...settingOf(cell, arm)]);
}

/** Null where an artist has too few pictures: the rows say so already. */
function divided(divide: () => Split): Split | null {
  try {
    return divide();
  } catch (error) {
    if (error instanceof CraquelureError) return null;
    throw error;
  }
}

/** Protection, attack and seed of an arm; null where it has none. */
function settingOf(
  { protection, attack, seed }: Cell,
  arm: RowArm,
): [string | null, string | null, number, RowArm] {
  const attackedArm = arm === 'attacked-clean' || arm === 'attacked-protected';
  return [isProtected(arm, attack) ? protection.label : null, attackedArm ? attack.label : null, seed, arm];
}

async function foundMimic(
  plan: Plan,
  cell: Cell,
  arm: RowArm,
  unit: Unit,
  store: Store,
): Promise<MimicRun | undefined> {
  const look = async (key: string): Promise<JobRecord> => {
    const record = await store.find(key);
    if (record === undefined) throw new NotStored();
    return record;
  };
  try {
    const { job } = await fineTuneJobOf(cell, arm, unit.items, (of, items) =>
      Promise.all(
        items.map(async (item) => {
          const { sha256 } = await artefactOf(plan, cell, of, item, (each) => look(jobKey(each)));
          return setPicture(item, sha256);
        }),
      ),
    );
    const { pictures, losses, weights } = (await look(jobKey(job))).output as FineTuneOutput;
    const [protection, attack, seed] = settingOf(cell, arm);
    const { prompts, imagesPerPrompt } = mimicOf(cell).mimic;
    return {
      metric: cell.metric.label,
      metrics: [cell.metric.label],
      artist: unit.generated!.artist,
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
    // An artist with too few pictures: the rows say so already.
    if (error instanceof NotStored || error instanceof CraquelureError) return undefined;
    throw error;
  }
}

class NotStored extends Error {}
