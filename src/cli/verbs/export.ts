/** @file `craquelure export`: rows and pictures of a run for other programs. */
import { usage } from '../../messages/index.ts';
import { note } from '../terminal.ts';
import { defineVerb } from '../verb.ts';

export const exportRun = defineVerb({
  command: 'export <run>',
  describe: 'write the rows of a run as CSV, JSON lines or Parquet, or its pictures into a folder',
  positionals: (yargs) =>
    yargs.positional('run', { type: 'string', demandOption: true, describe: "a run's folder" }),
  options: {
    format: {
      choices: ['csv', 'jsonl', 'parquet'] as const,
      default: 'csv' as const,
      describe: 'of the rows',
    },
    out: { type: 'string', describe: 'file to write (default: standard output)' },
    images: {
      type: 'string',
      describe: 'write the pictures of all arms into this folder instead of the rows',
    },
  },
  handler: async (args) => {
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { exportImages, exportRows } = await import('../../run/export.ts');
    const folder = await readRunFolder(args.run);
    if (args.images !== undefined) {
      note(`${await exportImages(folder, args.images)} pictures written to ${args.images}`);
      return;
    }
    const content = await exportRows(folder, args.format);
    if (args.out !== undefined) {
      const { writeAtomically } = await import('../../files/atomic.ts');
      await writeAtomically(args.out, content);
    } else if (args.format === 'parquet' && process.stdout.isTTY) {
      throw usage('Parquet is binary: name a file with --out, or pipe the output');
    } else {
      process.stdout.write(content);
    }
  },
});
