/** @file `craquelure gradcheck`: whether an ONNX file can be differentiated, and whether the gradients are right. */

import { expected, reasonOf } from '../../messages/index.ts';
import type { Device } from '../../runtime/device.ts';
import type { DirectionCheck } from '../../runtime/differences.ts';
import type { GradcheckResult } from '../../runtime/gradcheck.ts';
import { EXIT } from '../exit.ts';
import { device, namesOf, onnxModel, readNamed, threads, wholeNumber } from '../tensors.ts';
import { note, print, printJson, table } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const gradcheck = defineVerb({
  command: 'gradcheck <model>',
  describe: 'list the operators without a gradient rule, and check gradients against central differences',
  positionals: (yargs) => yargs.positional('model', onnxModel),
  options: {
    input: {
      type: 'string',
      array: true,
      default: [],
      describe: 'NAME=FILE.npy: use this input; the others are drawn (floats normal, integers 0 or 1)',
    },
    size: {
      type: 'string',
      array: true,
      default: [],
      describe: 'NAME=NUMBER: size of a free dimension (default: 1 for a batch, 32 for others)',
    },
    wrt: {
      type: 'string',
      array: true,
      describe: 'inputs and weights to check (default: all float inputs and up to 8 weights)',
    },
    directions: { type: 'number', default: 3, describe: 'random directions for each name' },
    tolerance: { type: 'number', default: 0.01, describe: 'largest relative difference of the slopes' },
    seed: { type: 'number', default: 0, describe: 'seed of inputs and directions' },
    device,
    threads,
    json,
  },
  examples: [['$0 gradcheck vae-encoder.onnx --size height=64 --size width=64', 'an encoder at 64 x 64']],
  handler: async (args) => {
    const { operatorsWithoutRule } = await import('../../autodiff/gradient.ts');
    const { readModel } = await import('../../onnx/files.ts');
    const { gradcheck: check } = await import('../../runtime/gradcheck.ts');
    const { seededRandom } = await import('../../random.ts');
    if (!(args.tolerance > 0))
      throw expected('positive number', '--tolerance', args.tolerance, { code: 'USAGE' });
    const options = {
      random: seededRandom(args.seed),
      sizes: sizesOf(args.size),
      wrt: args.wrt && namesOf('--wrt', args.wrt),
      directions: wholeNumber('--directions', args.directions),
      tolerance: args.tolerance,
      device: args.device as Device,
      threads: wholeNumber('--threads', args.threads),
      name: args.model,
    };
    const model = await readModel(args.model);
    const inputs = await readNamed('--input', args.input);
    const missing = operatorsWithoutRule(model);
    const outcome = await check(model, { ...options, inputs }).catch((error: unknown) => {
      // Without a rule there is nothing to check; what is missing is the answer that was asked for.
      if (missing.length === 0) throw error;
      return reasonOf(error);
    });
    const result = typeof outcome === 'string' ? undefined : outcome;
    const passed = result?.passed ?? false;
    if (args.json) printJson({ model: args.model, missing, passed, ...(result ?? { error: outcome }) });
    else print(report(missing, result));
    if (typeof outcome === 'string') note(`craquelure: ${outcome}`);
    if (!passed) process.exitCode = EXIT.failure;
  },
});

function sizesOf(pairs: readonly string[]): Readonly<Record<string, number>> {
  const entries = pairs.map((pair) => {
    const cut = pair.lastIndexOf('=');
    const value = Number(pair.slice(cut + 1));
    if (cut < 1 || !Number.isInteger(value) || value < 1) {
      throw expected('NAME=NUMBER', '--size', pair, { code: 'USAGE' });
    }
    return [pair.slice(0, cut), value] as const;
  });
  return Object.fromEntries(entries);
}

function report(missing: readonly string[], result: GradcheckResult | undefined): string {
  const rules = missing.length === 0 ? 'every operator has a rule' : `without a rule: ${missing.join(', ')}`;
  if (result === undefined) return rules;
  const { checks, tolerance, passed } = result;
  const row = (each: DirectionCheck): (string | number)[] => [
    each.wrt,
    each.analytic.toExponential(4),
    each.numeric.toExponential(4),
    each.error.toExponential(1),
    each.uncertainty.toExponential(1),
    each.verdict,
  ];
  const header = ['by', 'gradient', 'difference', 'error', 'uncertainty', 'verdict'];
  const close = `${passed ? 'passed' : 'failed'}: tolerance ${tolerance} of the slope's size`;
  return [rules, table(header, checks.map(row)), close].join('\n');
}
