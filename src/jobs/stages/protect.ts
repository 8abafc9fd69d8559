/** @file Stage `protect`: one image, inside the budget that is measured on the saved file. */
import { chainGraph } from '../../attacks/graph/chain.ts';
import { attacks } from '../../attacks/index.ts';
import type { ModelsOf } from '../../experiment/bindings.ts';
import type { JobStep } from '../../experiment/step.ts';
import type { Image } from '../../image/image.ts';
import { formatChain } from '../../plugin/call.ts';
import type { NamedTransformation, Note, Notes } from '../../plugin/define.ts';
import { resolvePlugin } from '../../plugin/resolve.ts';
import type { Budget } from '../../protections/define.ts';
import { protections } from '../../protections/index.ts';
import type { ArtefactOutput, ProtectJob } from '../job.ts';
import type { Pictures } from '../pictures.ts';
import {
  assertSound,
  clipToBudget,
  type MeasuredBudget,
  type MeasuredLooks,
  measureBudget,
  measureLooks,
} from '../safeguards.ts';
import { type PluginServices, pluginContext, type Stage } from '../stage.ts';

export const protectStage: Stage<ProtectJob> = {
  reads: ({ input }) => [input],
  inputs: ({ input }) => [input],
  work: ({ steps }) => `protect ${steps.map(({ id }) => id).join(' | ')}`,
  checkpoint: false,
  execute: (job, _, { pictures }, services) => protectPicture(job, pictures, services),
  pending: (_, picture) => picture(''),
};

async function protectPicture(
  job: ProtectJob,
  pictures: Pictures,
  services: PluginServices,
): Promise<ArtefactOutput> {
  const step = job.steps[0]!;
  const clean = await pictures.load(job.input);
  const { image, budget, notes } = await protectImage(clean, step, job.seed, services);
  const output = { ...(await pictures.save(image)), ...notes };
  if (output.sha256 === job.input) return { ...output, linfPx: 0, psnr: null }; // the very file
  const saved = await pictures.reload(output.sha256);
  const { psnr, ...rest } = await measureSaved(step, clean, saved, budget, services);
  return { ...output, ...rest, psnr: Number.isFinite(psnr) ? psnr : null };
}

/** Measures a saved picture as decoded. @throws BUDGET if it left one of its budgets. */
export async function measureSaved(
  step: JobStep,
  clean: Image,
  saved: Image,
  budget: Budget,
  services: PluginServices,
): Promise<MeasuredBudget & MeasuredLooks> {
  const measured = measureBudget(step.id, clean, saved, budget);
  const seen =
    step.models?.perceptual === undefined ? undefined : await services.modelsOf(step).open('perceptual');
  return { ...measured, ...(await measureLooks(step.id, clean, saved, budget, seen)) };
}

/** Protects an image: what the plug-in made of it, rounded to 8 bits and clipped to the budget, and what it noted. */
export async function protectImage(
  clean: Image,
  step: JobStep,
  seed: number | null,
  services: PluginServices,
): Promise<{ image: Image; budget: Budget; notes: { readonly notes?: Notes } }> {
  const protection = resolvePlugin('protection', protections, step.id);
  const budget = protection.budget(step.params) ?? { epsPx: 0 };
  const noted = new Map<string, Note>();
  const raw = await protection.apply(clean, step.params, {
    ...pluginContext(seed, services),
    note: (name, value) => noted.set(name, value),
    models: services.modelsOf(step),
    pictures: services.picturesOf(step),
    transformations: transformationsFrom(step, services.modelsOf),
  });
  assertSound(step.id, clean, raw, false);
  const notes = noted.size === 0 ? {} : { notes: Object.fromEntries(noted) };
  return { image: clipToBudget(clean, raw, budget), budget, notes };
}

/** The chains that a step's parameters name, as graphs: one kind of plug-in hands them to another only through here. */
const transformationsFrom =
  ({ chains = {} }: JobStep, modelsOf: ModelsOf) =>
  (parameter: string): readonly NamedTransformation[] =>
    (chains[parameter] ?? []).map((steps) => {
      const links = steps.map((step) => ({
        attack: resolvePlugin('attack', attacks, step.id),
        params: step.params,
        models: modelsOf(step),
      }));
      const call = formatChain(links.map(({ attack, params }) => ({ plugin: attack, params })));
      const keys = steps.flatMap(({ models = {} }) => Object.values(models));
      return { label: [call, ...new Set(keys)].join(' '), at: (size) => chainGraph(links, size) };
    });
