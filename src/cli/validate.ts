/** @file `craquelure validate`: an experiment file and its data set, checked without running anything. */
import { print, printJson } from './terminal.ts';
import { defineVerb, json } from './verb.ts';

export const validate = defineVerb({
  command: 'validate <experiment>',
  describe: 'check an experiment file and its data set',
  positionals: (yargs) =>
    yargs.positional('experiment', {
      type: 'string',
      demandOption: true,
      describe: 'experiment file (YAML)',
    }),
  options: { json },
  handler: async (args) => {
    const { prepareRun } = await import('../harness/prepare.ts');
    const { experiment, dataset, plan } = await prepareRun(args.experiment, { maxPixels: Infinity });
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
      notes: dataset.notes,
    };
    if (args.json) return printJson(summary);
    print(`${args.experiment} is valid: ${summary.cells} cells on ${summary.images} pictures`);
    for (const list of ['protections', 'attacks', 'metrics'] as const)
      print(`  ${list}: ${summary[list].join(', ')}`);
    for (const remark of dataset.notes) print(`  note: ${remark}`);
  },
});
