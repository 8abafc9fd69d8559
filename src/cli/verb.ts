/** @file The shape of a verb: one file each; heavy modules are imported inside the handler, when it is called. */

import type { ArgumentsCamelCase, Argv, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { DEFAULT_MAX_PIXELS } from '../image/codec.ts';

/** Types a verb's handler by its own options and positionals. */
export function defineVerb<const O extends Record<string, Options>, P extends object = object>(verb: {
  readonly command: string;
  readonly describe: string;
  readonly options: O;
  readonly positionals?: (yargs: Argv) => Argv<P>;
  readonly examples?: readonly [command: string, what: string][];
  readonly handler: (args: ArgumentsCamelCase<InferredOptionTypes<O> & P>) => Promise<void>;
}): CommandModule {
  return {
    command: verb.command,
    describe: verb.describe,
    builder: (yargs) => {
      const positioned = verb.positionals?.(yargs) ?? yargs;
      return positioned.options(verb.options).example(verb.examples ?? []);
    },
    handler: (args) => verb.handler(args as ArgumentsCamelCase<InferredOptionTypes<O> & P>),
  } as CommandModule;
}

/** Options that several verbs share. */
export const json = {
  type: 'boolean',
  default: false,
  describe: 'print one JSON document on standard output and nothing else there',
} as const;

export const maxPixels = {
  type: 'number',
  default: DEFAULT_MAX_PIXELS,
  describe: 'largest picture to decode, in pixels',
} as const;

export const store = {
  type: 'string',
  describe: 'folder of the artefact store (default: CRAQUELURE_STORE, else .craquelure/store)',
} as const;

export const model = {
  type: 'string',
  array: true,
  describe:
    "what plays a role: --model vae=taesd, --model perceptual=./my.onnx; repeat for more; see 'models list'",
} as const;

export const device = {
  type: 'string',
  default: 'cpu',
  describe: "where networks run: cpu, auto, cuda, webgpu ...; see 'doctor'",
} as const;

export const seed = {
  type: 'number',
  array: true,
  describe: 'root seed, several for several; overrides the file',
} as const;
