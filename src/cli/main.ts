#!/usr/bin/env node
/** @file The command line: connects the commands, and turns errors into sentences and exit codes. */
import { createRequire } from 'node:module';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { CraquelureError, missingCommand, reasonOf, unknownName } from '../messages/index.ts';
import { attack } from './verbs/attack.ts';
import { compare } from './verbs/compare.ts';
import { countVotes } from './verbs/count-votes.ts';
import { datasets } from './verbs/datasets.ts';
import { doctor } from './verbs/doctor.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { exportRun } from './verbs/export.ts';
import { finetune } from './verbs/finetune.ts';
import { generate } from './verbs/generate.ts';
import { gradcheck } from './verbs/gradcheck.ts';
import { list } from './verbs/list.ts';
import { measure } from './verbs/measure.ts';
import { models } from './verbs/models.ts';
import { plan } from './verbs/plan.ts';
import { protect } from './verbs/protect.ts';
import { report } from './verbs/report.ts';
import { run } from './verbs/run.ts';
import { schema } from './verbs/schema.ts';
import { status } from './verbs/status.ts';
import { usageError } from './usage-error.ts';
import { note, styled } from './terminal.ts';
import { validate } from './verbs/validate.ts';
import { vjp } from './verbs/vjp.ts';

const verbs = [
  run,
  plan,
  validate,
  status,
  report,
  compare,
  exportRun,
  countVotes,
  protect,
  attack,
  generate,
  finetune,
  measure,
  vjp,
  gradcheck,
  list,
  models,
  datasets,
  schema,
  doctor,
];

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const commands = [...verbs.map(({ command }) => command.split(' ')[0]!), 'completion'];

/** Runs one command line. @returns the exit code; commands that finish with failed cells set it themselves */
async function main(argv: readonly string[]): Promise<number> {
  const program = yargs(argv as string[])
    .scriptName('craquelure')
    .usage('$0 <command>\n\nDo image protections against AI mimicry truly work?')
    .version(version)
    .strict()
    .demandCommand(1, missingCommand().message)
    .parserConfiguration({ 'duplicate-arguments-array': true, 'greedy-arrays': false })
    .completion('completion', 'print a script for shell completion; source it in your shell profile')
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      const { key } = (program as unknown as { getOptions(): { key: object } }).getOptions();
      throw error ?? usageError(message, argv, Object.keys(key), verbs);
    });
  for (const verb of verbs) program.command(verb);

  try {
    const [first = '-'] = argv;
    if (!first.startsWith('-') && !commands.includes(first))
      throw unknownName('command', first, commands, { code: 'USAGE' });
    await program.parseAsync();
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    note(`${styled('red', 'craquelure:')} ${reasonOf(error)}`);
    const unforeseen = !(error instanceof CraquelureError);
    if (unforeseen && process.env.CRAQUELURE_DEBUG !== undefined && error instanceof Error)
      note(error.stack ?? '');
    return exitCodeOf(error);
  }
}

// A pipe that closes early (`craquelure list attacks | head`) is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
});
process.exitCode = await main(hideBin(process.argv));
