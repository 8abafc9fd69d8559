/** @file What the program says when something is wrong with the command line. */
import { CraquelureError } from './base.ts';

/** A command line that cannot be understood. */
export const usage = (why: string): CraquelureError => new CraquelureError('USAGE', why);

/** A word on the command line that the command does not take. */
export const unexpectedArgument = (word: string, command: string): CraquelureError =>
  usage(
    `Unexpected argument '${word}'. ` +
      (command === '' ? "'craquelure --help' lists the commands" : `See: craquelure ${command} --help`),
  );

/** A command without what it works on; `example` is a whole command. */
export const missingArgument = (command: string, what: string, example: string): CraquelureError =>
  usage(`'craquelure ${command}' needs ${what}, such as: ${example}`);

/** An option without its value. */
export const missingValue = (option: string): CraquelureError => usage(`--${option} needs a value`);

/** A command without an option that it needs. */
export const missingOption = (command: string, options: readonly string[]): CraquelureError =>
  usage(
    `'craquelure ${command}' needs ${options.map((name) => `--${name}`).join(' and ')}. See: craquelure ${command} --help`,
  );

/** The program without a command. */
export const missingCommand = (): CraquelureError =>
  usage(
    [
      'Usage: craquelure <command>. Try:',
      '  craquelure run experiments/quickstart.yaml',
      '  craquelure list attacks',
      '  craquelure --help',
    ].join('\n'),
  );

/** What another command lists. */
export const listedElsewhere = (what: string): CraquelureError =>
  usage(`'craquelure list' lists protections, attacks and metrics. For ${what}: craquelure ${what} list`);

/** A regular expression that cannot be compiled. */
export const invalidPattern = (flag: string, why: string): CraquelureError =>
  usage(`${flag} is not a valid regular expression: ${why}`);

/** Binary output to a terminal. */
export const binaryOutput = (format: string): CraquelureError =>
  usage(`${format} is a binary format. Name a file with --out, or pipe the output`);

/** A LoRA file format asked for something that is not a LoRA. */
export const kohyaNeedsLora = (method: string): CraquelureError =>
  usage(`--format kohya works only with --method lora, not with --method ${method}. Leave out --format`);
