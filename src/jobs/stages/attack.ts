/** @file Stage `attack`: one image through a chain of one or more links. */
import { applyChain } from '../../attacks/chain.ts';
import { attacks } from '../../attacks/index.ts';
import type { JobStep } from '../../experiment/step.ts';
import type { Image } from '../../image/image.ts';
import { resolvePlugin } from '../../plugin/resolve.ts';
import { type AttackJob, decodeVector, type VectorOutput } from '../job.ts';
import { assertSound } from '../safeguards.ts';
import { type PluginServices, pluginContext, type Stage } from '../stage.ts';
import type { Store } from '../store.ts';

export const attackStage: Stage<AttackJob> = {
  reads: ({ input }) => [input],
  inputs: ({ input }) => [input],
  work: ({ steps }) => `attack ${steps.map(({ id }) => id).join(' | ')}`,
  checkpoint: false,
  execute: async (job, _, { pictures, store }, services) => {
    const trained = await trainedLinks(job, store);
    const image = await pictures.load(job.input);
    return pictures.save(await attackImage(image, job.steps, job.seed, { ...services, trained }));
  },
  pending: (_, picture) => picture(''),
};

/** Attacks an image with a chain of one or more links. */
export async function attackImage(
  image: Image,
  steps: readonly JobStep[],
  seed: number | null,
  services: PluginServices,
): Promise<Image> {
  const links = steps.map((step, i) => {
    const trained = services.trained?.[i];
    return {
      attack: resolvePlugin('attack', attacks, step.id),
      params: step.params,
      models: services.modelsOf(step),
      ...(trained && { trained }),
    };
  });
  const attacked = await applyChain(links, image, pluginContext(seed, services));
  const resizes = links.some(({ attack }) => attack.resizes === true);
  assertSound(steps.map(({ id }) => id).join(' | '), image, attacked, resizes);
  return attacked;
}

/** By link: the weights that its training left in the store. */
async function trainedLinks(
  { trained = [] }: AttackJob,
  store: Store,
): Promise<(Float32Array | undefined)[]> {
  return Promise.all(
    trained.map(async (key) => {
      if (key === null) return undefined;
      const record = await store.find(key);
      return decodeVector((record!.output as VectorOutput).vector);
    }),
  );
}
