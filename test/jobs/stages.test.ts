import { describe, expect, expectTypeOf, it } from 'vitest';
import type { ArtefactOutput, Job } from '../../src/jobs/job.ts';
import { STAGES, stageOf, workOf } from '../../src/jobs/stages/index.ts';

const picture = (name: string): ArtefactOutput => ({
  sha256: `pending${name}`,
  bytes: 0,
  width: 0,
  height: 0,
});

const step = { id: 'jpeg', version: 1, params: {} };
const JOBS: { readonly [S in Job['stage']]: Extract<Job, { stage: S }> } = {
  import: { stage: 'import', version: 1, source: 'a', maxPixels: 1 },
  protect: { stage: 'protect', steps: [{ ...step, id: 'noise' }], seed: 1, input: 'a' },
  'train-attack': { stage: 'train-attack', steps: [step], seed: 1, inputs: ['a'], references: ['b'] },
  attack: { stage: 'attack', steps: [step, { ...step, id: 'rescale' }], seed: null, input: 'a' },
  embed: { stage: 'embed', version: 1, role: 'image-embedder', model: '0123456789', input: 'a' },
  'fine-tune': {
    stage: 'fine-tune',
    version: 1,
    mimic: { prompts: ['x', 'y'], imagesPerPrompt: 3, sampler: 'ddim', samplingSteps: 2, guidance: 1 },
    models: { unet: '26ebdfd70000' },
    seed: 1,
    input: '',
  },
  measure: { stage: 'measure', kind: 'pair', steps: [step], seed: null, inputs: ['a'], references: ['b'] },
};

describe('the table of stages', () => {
  it('has an entry for each stage, and a missing one does not compile', () => {
    expectTypeOf<keyof typeof STAGES>().toEqualTypeOf<Job['stage']>();
    const { embed: _, ...others } = STAGES;
    // @ts-expect-error an entry is missing
    const incomplete: typeof STAGES = others;
    expect(Object.keys(incomplete)).toHaveLength(Object.keys(STAGES).length - 1);
  });

  it('names the work of each job, as timings and progress call it', () => {
    expect(Object.fromEntries(Object.entries(JOBS).map(([stage, job]) => [stage, workOf(job)]))).toEqual({
      import: 'import',
      protect: 'protect noise',
      'train-attack': 'train jpeg',
      attack: 'attack jpeg | rescale',
      embed: 'embed image-embedder 01234567',
      'fine-tune': 'sample 6 images, 26ebdfd7',
      measure: 'measure jpeg',
    });
  });

  it('says which artefacts each job reads, so that a damaged one can be made again', () => {
    const set = (name: string) => [{ id: name, sha256: name }];
    const context = { image: 'x', pictures: { inputs: set('in'), references: set('ref') } };
    const reads = Object.entries(JOBS).map(([stage, job]) => [stage, stageOf(job).reads(job, context)]);
    expect(Object.fromEntries(reads)).toEqual({
      import: [],
      protect: ['a'],
      'train-attack': ['in', 'ref'],
      attack: ['a'],
      embed: ['a'],
      'fine-tune': ['in', 'ref'],
      measure: ['in', 'ref'],
    });
  });

  it('lets a plan stand in for outputs that do not exist yet', () => {
    expect(stageOf(JOBS.protect).pending(JOBS.protect, picture)).toMatchObject({ sha256: 'pending' });
    expect(stageOf(JOBS['fine-tune']).pending(JOBS['fine-tune'], picture)).toMatchObject({
      pictures: expect.objectContaining({ length: 6 }),
      weights: null,
    });
  });

  it('keeps checkpoints of trainings, and of nothing else', () => {
    const kept = Object.entries(STAGES).flatMap(([stage, { checkpoint }]) => (checkpoint ? [stage] : []));
    expect(kept).toEqual(['train-attack', 'fine-tune']);
  });
});
