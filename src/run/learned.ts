/** @file What the attacks of a run have learnt, and what that took: for the manifest, the report, and whoever watches. */
import { attacks } from '../attacks/index.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import { decodeVector, type JobRecord, jobKey, type VectorOutput } from '../jobs/jobs.ts';
import { learnedFor, type Plan } from '../plan/plan.ts';
import type { Store } from '../jobs/store.ts';

/** One training of an attack, on pairs of one protection. */
export interface AttackLesson {
  /** Labels of the settings. */
  readonly attack: string;
  readonly protection: string;
  readonly seed: number;
  /** Wall time, as first computed. */
  readonly ms: number;
  /** What was learnt, in a sentence; absent where the attack has nothing to tell. */
  readonly told?: string;
}

/** The trainings of a plan that the store holds, each once. */
export async function collectLessons(plan: Plan, store: Store): Promise<AttackLesson[]> {
  const lessons = new Map<string, AttackLesson>();
  for (const cell of plan.cells) {
    const { attack, protection, seed } = cell;
    const name = JSON.stringify([attack.label, protection.label, seed]);
    if (lessons.has(name)) continue;
    const records: JobRecord[] = [];
    const found = await learnedFor(plan, cell, async (job) => {
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
      if (job.stage !== 'rehearse') return [];
      const { learns } = resolvePlugin('attack', attacks, job.steps[0].id);
      const sentence = learns?.tell?.(decodeVector((output as VectorOutput).vector));
      return sentence === undefined ? [] : [sentence];
    });
    const ms = own.reduce((sum, each) => sum + each.ms, 0);
    lessons.set(name, {
      attack: attack.label,
      protection: protection.label,
      seed,
      ms,
      ...(told.length > 0 && { told: told.join('; ') }),
    });
  }
  return [...lessons.values()];
}

class NotStored extends Error {}
