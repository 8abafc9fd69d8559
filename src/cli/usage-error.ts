/** @file The argument parser's complaints, said as this program says everything. */
import {
  type CraquelureError,
  missingArgument,
  missingOption,
  missingValue,
  unexpectedArgument,
  unknownName,
  usage,
} from '../messages/index.ts';
import type { Verb } from './verb.ts';

/** `message` is what yargs says about `argv`; `names` are the options of the command, `verbs` all commands. */
export function usageError(
  message: string,
  argv: readonly string[],
  names: readonly string[],
  verbs: readonly Verb[],
): CraquelureError {
  const verb = verbs.find(({ command }) => command.split(' ')[0] === argv[0]);
  const command = verb === undefined ? '' : argv[0]!;
  const options = names.filter((name) => name.length > 1).map((name) => `--${name}`);
  const given = argv
    .filter((each) => /^--[a-z]/.test(each))
    .map((each) => each.split('=')[0]!.replace(/^--no-/, '--'));

  const argument = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ')[0];
  if (argument !== undefined && !given.includes(`--${argument}`))
    return unexpectedArgument(argument, command);

  const required = /^Missing required arguments?: (.+)$/.exec(message)?.[1]?.split(', ');
  const few = message.startsWith('Not enough non-option arguments');
  // What is missing may be there under a misspelt name.
  const misspelt = required === undefined && !few ? undefined : given.find((each) => !options.includes(each));
  const unknown = argument === undefined ? misspelt : `--${argument}`;
  if (unknown !== undefined) return unknownName('option', unknown, options, { code: 'USAGE' });
  if (required !== undefined) return missingOption(command, required);
  if (few && verb?.needs !== undefined) return missingArgument(command, verb.needs.what, verb.needs.example);

  const value = /^Not enough arguments following: (\S+)/.exec(message)?.[1];
  if (value !== undefined) return missingValue(value);
  const choice = /Argument: (\S+), Given: "(.*?)", Choices: (.+)/.exec(message);
  if (choice === null) return usage(message);
  const [, name = '', chosen = '', choices = ''] = choice;
  const available = choices.split(', ').map((each) => each.replaceAll('"', ''));
  const what = options.includes(`--${name}`) && given.includes(`--${name}`) ? `--${name}` : name;
  return unknownName(what, chosen, available, { code: 'USAGE' });
}
