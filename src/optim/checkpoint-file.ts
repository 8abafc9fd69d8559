/** @file A training between two steps as a file, so that one that was interrupted goes on to the very same weights. */
import { rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { otherTraining } from '../messages/index.ts';
import { readSafetensors, writeSafetensors } from '../onnx/safetensors.ts';
import { tensor } from '../onnx/tensor.ts';
import type { Checkpointing, TrainingState } from './train.ts';

/** Where a training is kept, and what it is kept of. */
export interface CheckpointFile {
  /** `.safetensors`: weights, moments and average [n] float32, losses [steps] float64. */
  readonly path: string;
  /** Everything that the weights depend on but their number of steps: a checkpoint of anything else is not gone on from. */
  readonly training: string;
}

/** The state that a file holds; undefined if there is none. @throws MODEL if it is damaged or of another training */
export async function readCheckpoint({ path, training }: CheckpointFile): Promise<TrainingState | undefined> {
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.training !== training) throw otherTraining(path);
  const floats = (name: string): Float32Array => tensors[name]!.data as Float32Array;
  return {
    step: Number(metadata.step),
    weights: floats('weights'),
    moments: { first: floats('first'), second: floats('second') },
    ...(tensors.average && { average: floats('average') }),
    losses: [...(tensors.losses!.data as Float64Array)],
  };
}

/** Keeps a training in a file, which holds the last checkpoint whole at any moment. */
export const checkpointTo = ({ path, training }: CheckpointFile, every: number): Checkpointing => ({
  name: path,
  every,
  save: ({ step, weights, moments: { first, second }, average, losses }) => {
    const flat = (values: Float32Array) => tensor('float32', [values.length], values);
    return writeSafetensors(
      path,
      {
        weights: flat(weights),
        first: flat(first),
        second: flat(second),
        ...(average && { average: flat(average) }),
        losses: tensor('float64', [losses.length], Float64Array.from(losses)),
      },
      { training, step: String(step) },
    );
  },
});

/** Removes the checkpoint of a training whose end is safe elsewhere. */
export const removeCheckpoint = ({ path }: CheckpointFile): Promise<void> => rm(path, { force: true });
