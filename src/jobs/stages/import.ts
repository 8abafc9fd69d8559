/** @file Stage `import`: an image of the data set in the program's own form, an 8-bit sRGB PNG. */
import { assertUnchanged, readOrigin } from '../../datasets/origin.ts';
import { decodeImage } from '../../image/codec.ts';
import type { ImportJob } from '../job.ts';
import type { Stage } from '../stage.ts';

export const importStage: Stage<ImportJob> = {
  reads: () => [],
  inputs: () => [],
  work: () => 'import',
  checkpoint: false,
  confirm: async (_, { origin }) => {
    if (origin !== undefined) await assertUnchanged(origin);
  },
  execute: async ({ maxPixels }, { origin, image }, { pictures }) =>
    pictures.save(await decodeImage(await readOrigin(origin!), { name: image, maxPixels })),
  pending: (_, picture) => picture(''),
};
