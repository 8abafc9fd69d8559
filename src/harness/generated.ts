/** @file `generated.json`: what models made that have learnt the arms of a run, for the report's sheets and for voting. */
import { CraquelureError } from '../messages.ts';
import type { Cell } from './cells.ts';
import { isProtected } from './images.ts';
import { type JobRecord, jobKey, type LearnOutput, setPicture } from './jobs.ts';
import { generatedUnits, lessonJobOf, lessonOf } from './learning.ts';
import { artefactOf, type Plan, type Unit } from './plan.ts';
import { ARMS, type RowArm } from './rows.ts';
import type { RunLesson } from './run-folder.ts';
import type { Store } from './store.ts';

/** The lessons of a plan that the store holds, each once for an arm, however many metrics judge it. */
export async function collectGenerated(plan: Plan, store: Store): Promise<RunLesson[]> {
  const lessons = new Map<string, RunLesson>();
  for (const cell of plan.cells) {
    if (cell.metric.kind !== 'generated') continue;
    const firsts = generatedUnits(plan.items, cell).filter(({ generated }) => generated!.index === 0);
    for (const unit of firsts) {
      for (const arm of [...ARMS, 'untuned'] as const) {
        const name = JSON.stringify([lessonName(cell), unit.name, ...settingOf(cell, arm)]);
        if (lessons.has(name)) continue;
        const found = await foundLesson(plan, cell, arm, unit, store);
        if (found !== undefined) lessons.set(name, found);
      }
    }
  }
  return [...lessons.values()];
}

const lessonName = (cell: Cell): unknown => lessonOf(cell).lesson;

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
