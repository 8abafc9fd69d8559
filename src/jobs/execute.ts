/** @file Does one job: its stage reads the inputs from the store and calls the plug-in, and what came of it is stored. */
import { removeCheckpoint } from '../optim/checkpoint-file.ts';
import type { Job, JobContext, JobRecord } from './job.ts';
import { checkpointFile, type OnFraction, record, servicesOf, type WorkerState } from './stage.ts';
import { stageOf } from './stages/index.ts';

/** Executes a job and stores what it gave. @throws whatever the plug-in throws; nothing is stored then. */
export async function executeJob(
  job: Job,
  context: JobContext,
  state: WorkerState,
  onProgress?: OnFraction,
): Promise<JobRecord> {
  const stage = stageOf(job);
  const services = servicesOf(context, state, onProgress);
  const made = await record(job, state.store, () => stage.execute(job, context, state, services));
  if (stage.checkpoint) await removeCheckpoint(checkpointFile(state.store, made.key));
  return made;
}
