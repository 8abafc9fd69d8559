/** @file `craquelure report`: writes the report of a run again from its rows. */
import { print, printJson } from '../terminal.ts';
import { defineVerb, json, needsRunFolder, runFolder } from '../verb.ts';

export const report = defineVerb({
  command: 'report <run>',
  describe: 'write the report of a run again, even if the run is not finished',
  positionals: (yargs) => yargs.positional('run', runFolder),
  needs: needsRunFolder('report'),
  options: { json },
  handler: async (args) => {
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { writeReport } = await import('../../report/report.ts');
    const file = await writeReport(await readRunFolder(args.run));
    const { readFindings } = await import('../../analysis/findings/findings-file.ts');
    const findings = await readFindings(args.run);
    if (args.json) return printJson({ report: file, findings });
    const { printFindings } = await import('../findings.ts');
    printFindings(findings);
    print(file);
  },
});
