/** @file `craquelure votes`: what blind voters said, as success rates. */
import { print, printJson, table } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const votes = defineVerb({
  command: 'votes <run> <files..>',
  describe: 'count the votes saved from a run’s voting page: success rates with Wilson intervals',
  positionals: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: "a run's folder" })
      .positional('files', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'votes.json of each voter',
      }),
  options: { json },
  examples: [['craquelure votes reports/hoenig-2025 ada.json ben.json', 'two voters together']],
  handler: async (args) => {
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { ballotOf, countVotes } = await import('../../report/ballot.ts');
    const { readVotes } = await import('../../report/votes-file.ts');
    const run = await readRunFolder(args.run);
    const ballots = await Promise.all(args.files.map((file) => readVotes(file, run.manifest.run)));
    const rates = countVotes(ballotOf(run), ballots);
    if (args.json) return printJson(rates);
    const percent = (share: number): string => `${Math.round(100 * share)} %`;
    const rows = rates.map(({ trainedOn, question, rate, interval, hits, n }) => [
      trainedOn,
      question,
      percent(rate),
      `${percent(interval.lo)} to ${percent(interval.hi)}`,
      `${hits} of ${n}`,
    ]);
    print(table(['trained on', 'question', 'preferred', '95 % interval', 'votes'], rows));
    print(
      'Preferred: how often voters chose this model over the model of clean images. 50 %: the protection is useless.',
    );
  },
});
