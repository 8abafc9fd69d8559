/** @file The trainings of a run's attacks: for the manifest and the report. */
import { attacks } from '../attacks/index.ts';
import type { Cell } from '../experiment/setting.ts';
import {
  decodeVector,
  type GetRecord,
  type JobRecord,
  type TrainAttackJob,
  type VectorOutput,
} from '../jobs/job.ts';
import type { Store } from '../jobs/store.ts';
import { trainedFor } from '../plan/arms.ts';
import type { Plan } from '../plan/plan.ts';
import { storedRecords } from '../plan/stored.ts';
import { resolvePlugin } from '../plugin/resolve.ts';

/** One training of an attack, on pairs of one protection. */
export interface AttackTraining {
  /** Labels of the settings. */
  readonly attack: string;
  readonly protection: string;
  readonly seed: number;
  /** Wall time, as first computed. */
  readonly ms: number;
  /** What came of it, in a sentence; absent if the attack has none. */
  readonly description?: string;
}

/** The trainings of a plan that the store holds, each once. */
export async function collectAttackTrainings(plan: Plan, store: Store): Promise<AttackTraining[]> {
  const { ifStored } = storedRecords(store);
  const trainings = new Map<string, AttackTraining>();
  for (const cell of plan.cells) {
    const name = JSON.stringify([cell.attack.label, cell.protection.label, cell.seed]);
    if (trainings.has(name)) continue;
    const records = await ifStored((get) => trainingRecords(plan, cell, get));
    if (records === undefined || records.length === 0) continue;
    const descriptions = records.flatMap(describe);
    trainings.set(name, {
      attack: cell.attack.label,
      protection: cell.protection.label,
      seed: cell.seed,
      ms: records.reduce((sum, { ms }) => sum + ms, 0),
      ...(descriptions.length > 0 && { description: descriptions.join('; ') }),
    });
  }
  return [...trainings.values()];
}

/** The records of the jobs that trained the links of a cell's attack. */
async function trainingRecords(plan: Plan, cell: Cell, get: GetRecord): Promise<JobRecord[]> {
  const records: JobRecord[] = [];
  const keys = await trainedFor(plan, cell, async (job, context) => {
    const record = await get(job, context);
    records.push(record);
    return record;
  });
  return records.filter(({ key }) => keys.includes(key));
}

function describe({ job, output }: JobRecord): string[] {
  const { training } = resolvePlugin('attack', attacks, (job as TrainAttackJob).steps[0].id);
  const sentence = training?.describe?.(decodeVector((output as VectorOutput).vector));
  return sentence === undefined ? [] : [sentence];
}
