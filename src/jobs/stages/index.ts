/** @file Every stage of a job: one total table, so that a further stage does not compile until its entry is whole. */
import type { Job } from '../job.ts';
import type { Stage } from '../stage.ts';
import { attackStage } from './attack.ts';
import { embedStage } from './embed.ts';
import { fineTuneStage } from './fine-tune.ts';
import { importStage } from './import.ts';
import { measureStage } from './measure.ts';
import { protectStage } from './protect.ts';
import { trainAttackStage } from './train-attack.ts';

export const STAGES: { readonly [S in Job['stage']]: Stage<Extract<Job, { readonly stage: S }>> } = {
  import: importStage,
  protect: protectStage,
  'train-attack': trainAttackStage,
  attack: attackStage,
  embed: embedStage,
  'fine-tune': fineTuneStage,
  measure: measureStage,
};

/** The stage of a job, for whoever holds any job. */
export const stageOf = ({ stage }: Pick<Job, 'stage'>): Stage => STAGES[stage];

/** The kind of work that a job is, as its time depends on it. */
export const workOf = (job: Job): string => stageOf(job).work(job);
