/** @file The shape of a command (a verb): one file each; heavy modules are imported inside the handler, when it is called. */

import type { ArgumentsCamelCase, Argv, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { DEFAULT_MAX_PIXELS } from '../image/codec.ts';

/** A command, and what it says if its arguments are missing. */
export interface Verb extends CommandModule {
  readonly command: string;
  /** What the positionals are, for a sentence, and a whole command as an example. */
  readonly needs?: { readonly what: string; readonly example: string };
}

/** Types a verb's handler by its own options and positionals. */
export function defineVerb<const O extends Record<string, Options>, P extends object = object>(verb: {
  readonly command: string;
  readonly describe: string;
  readonly options: O;
  readonly positionals?: (yargs: Argv) => Argv<P>;
  readonly needs?: Verb['needs'];
  readonly examples?: readonly [command: string, what: string][];
  readonly handler: (args: ArgumentsCamelCase<InferredOptionTypes<O> & P>) => Promise<void>;
}): Verb {
  return {
    command: verb.command,
    describe: verb.describe,
    needs: verb.needs,
    builder: (yargs) => {
      const positioned = verb.positionals?.(yargs) ?? yargs;
      return positioned.options(verb.options).example(verb.examples ?? []);
    },
    handler: (args) => verb.handler(args as ArgumentsCamelCase<InferredOptionTypes<O> & P>),
  } as Verb;
}

/** The positional of commands that read an experiment file. */
export const experimentFile = {
  type: 'string',
  demandOption: true,
  describe: 'experiment file (YAML)',
} as const;

export const needsExperimentFile = (command: string): Verb['needs'] => ({
  what: 'an experiment file',
  example: `craquelure ${command} experiments/quickstart.yaml`,
});

/** The positional of commands that read a run. */
export const runFolder = { type: 'string', demandOption: true, describe: 'folder of the run' } as const;

export const needsRunFolder = (command: string): Verb['needs'] => ({
  what: 'the folder of a run',
  example: `craquelure ${command} reports/quickstart`,
});

/** Options that several verbs share. */
export const json = {
  type: 'boolean',
  default: false,
  describe: 'print the result as JSON',
} as const;

export const maxPixels = {
  type: 'number',
  default: DEFAULT_MAX_PIXELS,
  describe: 'largest image to decode, in pixels',
} as const;

export const store = {
  type: 'string',
  describe: 'folder of the artefact store (default: CRAQUELURE_STORE or .craquelure/store)',
} as const;

export const model = {
  type: 'string',
  array: true,
  describe: 'model for a role, such as --model vae=taesd; repeat the flag for several roles',
} as const;

export const device = {
  type: 'string',
  default: 'cpu',
  describe: "device for the models: auto, cpu, cuda, webgpu, ... (see 'doctor')",
} as const;

export const seed = {
  type: 'number',
  array: true,
  describe: 'root seed; repeat the flag to run several seeds (default: from the experiment file)',
} as const;
