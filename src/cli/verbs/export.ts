/** @file `craquelure export`: rows and images of a run for other programs. */
import { binaryOutput } from '../../messages/index.ts';
import { note } from '../terminal.ts';
import { defineVerb, needsRunFolder, runFolder } from '../verb.ts';

export const exportRun = defineVerb({
  command: 'export <run>',
  describe: 'write the rows of a run as CSV, JSON lines or Parquet, or its images to a folder',
  positionals: (yargs) => yargs.positional('run', runFolder),
  needs: needsRunFolder('export'),
  options: {
    format: {
      choices: ['csv', 'jsonl', 'parquet'] as const,
      default: 'csv' as const,
      describe: 'format of the rows',
    },
    out: { type: 'string', describe: 'file for the rows (default: standard output)' },
    images: {
      type: 'string',
      describe: 'folder for all images of the run (clean, protected, attacked); writes no rows',
    },
  },
  handler: async (args) => {
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { exportImages, exportRows } = await import('../../run/export.ts');
    const folder = await readRunFolder(args.run);
    if (args.images !== undefined) {
      note(`${await exportImages(folder, args.images)} images written to ${args.images}`);
      return;
    }
    const content = await exportRows(folder, args.format);
    if (args.out !== undefined) {
      const { writeAtomically } = await import('../../files/atomic.ts');
      await writeAtomically(args.out, content);
    } else if (args.format === 'parquet' && process.stdout.isTTY) {
      throw binaryOutput('Parquet');
    } else {
      process.stdout.write(content);
    }
  },
});
