#!/usr/bin/env node
/** @file The command line: wires the verbs, and turns errors into sentences and exit codes. */
import { createRequire } from 'node:module';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { CraquelureError, reasonOf, unexpectedArgument, unknownName, usage } from '../messages/index.ts';
import { attack } from './verbs/attack.ts';
import { compare } from './verbs/compare.ts';
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
import { note, styled } from './terminal.ts';
import { validate } from './verbs/validate.ts';
import { vjp } from './verbs/vjp.ts';
import { votes } from './verbs/votes.ts';

const verbs = [
  run,
  plan,
  validate,
  status,
  report,
  compare,
  exportRun,
  votes,
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

/** Runs one command line. @returns the exit code; verbs that finish with failed cells set it themselves. */
async function main(argv: readonly string[]): Promise<number> {
  const program = yargs(argv as string[])
    .scriptName('craquelure')
    .usage('$0 <verb>\n\nDo image protections against AI mimicry truly work?')
    .version(version)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'Name a verb, such as: craquelure run experiments/quickstart.yaml')
    .parserConfiguration({ 'duplicate-arguments-array': true, 'greedy-arrays': false })
    .completion('completion', 'print a script for shell completion: source it from your shell profile')
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? usageError(message);
    });
  for (const verb of verbs) program.command(verb);

  const usageError = (message: string): CraquelureError => {
    const keys = Object.keys((program as unknown as { getOptions(): { key: object } }).getOptions().key);
    const options = keys.filter((name) => name.length > 1).map((name) => `--${name}`);
    const given = argv
      .filter((each) => /^--[a-z]/.test(each))
      .map((each) => each.split('=')[0]!.replace(/^--no-/, '--'));
    const argument = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ')[0];
    if (argument !== undefined && !given.includes(`--${argument}`)) return unexpectedArgument(argument);
    // What is missing may be there under a misspelt name.
    const misspelt = /^Missing required/.test(message)
      ? given.find((each) => !options.includes(each))
      : undefined;
    const unknown = argument === undefined ? misspelt : `--${argument}`;
    return unknown === undefined
      ? usage(message)
      : unknownName('option', unknown, options, { code: 'USAGE' });
  };

  try {
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

// A pipe that closes early (`craquelure list attacks | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
});
process.exitCode = await main(hideBin(process.argv));
