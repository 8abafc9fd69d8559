/** @file `craquelure validate`: an experiment file and its data set, checked without running anything. */
import { print, printJson } from '../terminal.ts';
import { modelChoices } from '../choices.ts';
import { defineVerb, experimentFile, json, model, needsExperimentFile } from '../verb.ts';

export const validate = defineVerb({
  command: 'validate <experiment>',
  describe: 'check an experiment file, its data set and its models',
  positionals: (yargs) => yargs.positional('experiment', experimentFile),
  needs: needsExperimentFile('validate'),
  options: { model, json },
  handler: async (args) => {
    const { prepareRun } = await import('../../run/prepare.ts');
    const { experiment, dataset, plan } = await prepareRun(args.experiment, {
      maxPixels: Number.MAX_SAFE_INTEGER, // part of the plan's hash, which knows no infinity
      models: await modelChoices(args.model),
    });
    const { protections, attacks, metrics, seeds, name } = experiment;
    const labels = (settings: readonly { readonly label: string }[]): string[] =>
      settings.map(({ label }) => label);
    const summary = {
      name,
      cells: plan.cells.length,
      images: plan.items.length,
      seeds,
      protections: labels(protections),
      attacks: labels(attacks),
      metrics: labels(metrics),
      models: plan.models.map(({ role, id, trust }) => ({ role, id, trust })),
      notes: dataset.notes,
    };
    if (args.json) return printJson(summary);
    print(`${args.experiment} is valid: ${summary.cells} cells on ${summary.images} images`);
    for (const list of ['protections', 'attacks', 'metrics'] as const)
      print(`  ${list}: ${summary[list].join(', ')}`);
    for (const { role, id } of plan.models) print(`  ${role}: ${id}`);
    for (const remark of dataset.notes) print(`  note: ${remark}`);
  },
});
