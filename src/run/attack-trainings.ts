/** @file What the attacks of a run have learnt, and what that took: for the manifest, the report, and whoever watches. */
import { attacks } from '../attacks/index.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import { decodeVector, type JobRecord, jobKey, type VectorOutput } from '../jobs/job.ts';
import { trainedFor, type Plan } from '../plan/plan.ts';
import type { Store } from '../jobs/store.ts';

/** One training of an attack, on pairs of one protection. */
export interface AttackTraining {
  /** Labels of the settings. */
  readonly attack: string;
  readonly protection: string;
  readonly seed: number;
  /** Wall time, as first computed. */
  readonly ms: number;
  /** What was learnt, in a sentence; absent where the attack has nothing to tell. */
  readonly description?: string;
}

/** The trainings of a plan that the store holds, each once. */
export async function collectAttackTrainings(plan: Plan, store: Store): Promise<AttackTraining[]> {
  const trainings = new Map<string, AttackTraining>();
  for (const cell of plan.cells) {
    const { attack, protection, seed } = cell;
    const name = JSON.stringify([attack.label, protection.label, seed]);
    if (trainings.has(name)) continue;
    const records: JobRecord[] = [];
    const found = await trainedFor(plan, cell, async (job) => {
      const record = await store.find(jobKey(job));
      if (record === undefined) throw new NotStored();
      records.push(record);
      return record;
    }).catch((error: unknown): (string | null)[] => {
      if (error instanceof NotStored) return [];
      throw error;
    });
    const own = records.filter(({ key }) => found.includes(key));
    if (own.length === 0) continue;
    const told = own.flatMap(({ job, output }): string[] => {
      if (job.stage !== 'train-attack') return [];
      const { training } = resolvePlugin('attack', attacks, job.steps[0].id);
      const sentence = training?.describe?.(decodeVector((output as VectorOutput).vector));
      return sentence === undefined ? [] : [sentence];
    });
    const ms = own.reduce((sum, each) => sum + each.ms, 0);
    trainings.set(name, {
      attack: attack.label,
      protection: protection.label,
      seed,
      ms,
      ...(told.length > 0 && { description: told.join('; ') }),
    });
  }
  return [...trainings.values()];
}

class NotStored extends Error {}
