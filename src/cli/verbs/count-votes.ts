/** @file `craquelure count-votes`: success rates from the votes of a blind test. */
import { note, print, printJson, table, wrapped } from '../terminal.ts';
import { defineVerb, json, runFolder } from '../verb.ts';

export const countVotes = defineVerb({
  command: 'count-votes <run> <files..>',
  describe: 'count the votes from the voting page of a run, with 95 % intervals',
  positionals: (yargs) =>
    yargs.positional('run', runFolder).positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'votes.json files, one per voter',
    }),
  needs: {
    what: 'the folder of a run and the votes of its voting page',
    example: 'craquelure count-votes reports/hoenig-2025 ada.json ben.json',
  },
  options: { json },
  examples: [['$0 count-votes reports/hoenig-2025 ada.json ben.json', 'count the votes of two voters']],
  handler: async (args) => {
    const { readRunFolder } = await import('../../run/run-folder.ts');
    const { ballotOf, countVotes: count } = await import('../../report/ballot.ts');
    const { readBallots } = await import('../../report/votes-file.ts');
    const run = await readRunFolder(args.run);
    const pairs = ballotOf(run);
    const known = new Set(pairs.map(({ id }) => id));
    const { ballots, notes } = await readBallots(args.files, run.manifest.run, known);
    for (const each of notes) note(`note: ${each}`);
    const rates = count(pairs, ballots);
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
    print(`\n${wrapped(MEANING, 0)}`);
  },
});

const MEANING =
  'preferred: how often voters chose samples of this model over samples of the model trained on clean images. ' +
  'At 50 %, the protection has no effect.';
