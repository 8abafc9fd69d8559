/** @file `generated.json`: what models made that have learnt the arms of a run, for the report's sheets and for voting. */
import { CraquelureError } from '../messages/index.ts';
import type { Division } from '../metrics/define.ts';
import type { Cell } from '../experiment/cells.ts';
import { isProtected } from './images.ts';
import { type JobRecord, jobKey, type LearnOutput, setPicture } from '../jobs/jobs.ts';
import { generatedUnits, lessonJobOf, lessonOf } from '../plan/learning.ts';
import { artefactOf, type Plan, type Unit } from '../plan/plan.ts';
import { ARMS, type RowArm } from './rows.ts';
import type { RunLesson } from './run-folder.ts';
import type { Store } from '../jobs/store.ts';

/** The lessons of a plan that the store holds, each once for an arm, however many metrics judge it. */
export async function collectGenerated(plan: Plan, store: Store): Promise<RunLesson[]> {
  const lessons = new Map<string, RunLesson>();
  for (const cell of plan.cells) {
    if (cell.metric.kind !== 'generated') continue;
    const units = generatedUnits(plan.items, cell);
    const firsts = new Map(units.map((unit) => [unit.generated!.artist, unit]));
    for (const unit of firsts.values()) {
      for (const arm of [...ARMS, 'untuned'] as const) {
        const name = lessonName(cell, arm, unit);
        const known = lessons.get(name);
        const found = known ?? (await foundLesson(plan, cell, arm, unit, store));
        if (found === undefined) continue;
        const { label } = cell.metric;
        lessons.set(name, { ...found, metrics: [...new Set([...(found.metrics ?? []), label])] });
      }
    }
  }
  return [...lessons.values()];
}

/** The same for all metrics that judge the same paintings: lesson, pictures learnt, and what was done to them. */
function lessonName(cell: Cell, arm: RowArm, { items, generated }: Unit): string {
  const { metric, step, lesson } = lessonOf(cell);
  const learnt = arm === 'untuned' ? null : divided(() => metric.divide(items, step.params));
  return JSON.stringify([lesson, learnt, generated!.artist, ...settingOf(cell, arm)]);
}

/** Null where an artist has too few pictures: the rows say so already. */
function divided(divide: () => Division): Division | null {
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

async function foundLesson(
  plan: Plan,
  cell: Cell,
  arm: RowArm,
  unit: Unit,
  store: Store,
): Promise<RunLesson | undefined> {
  const look = async (key: string): Promise<JobRecord> => {
    const record = await store.find(key);
    if (record === undefined) throw new NotStored();
    return record;
  };
  try {
    const { job } = await lessonJobOf(cell, arm, unit.items, (of, items) =>
      Promise.all(
        items.map(async (item) => {
          const { sha256 } = await artefactOf(plan, cell, of, item, (each) => look(jobKey(each)));
          return setPicture(item, sha256);
        }),
      ),
    );
    const { pictures, losses, weights } = (await look(jobKey(job))).output as LearnOutput;
    const [protection, attack, seed] = settingOf(cell, arm);
    const { prompts, repeats } = lessonOf(cell).lesson;
    return {
      metric: cell.metric.label,
      metrics: [cell.metric.label],
      artist: unit.generated!.artist,
      arm,
      protection,
      attack,
      seed,
      prompts,
      repeats,
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
