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
  describe: 'check the gradients of an ONNX model against central differences',
  positionals: (yargs) => yargs.positional('model', onnxModel),
  needs: { what: 'an ONNX file', example: 'craquelure gradcheck vae-encoder.onnx --size height=64' },
  options: {
    input: {
      type: 'string',
      array: true,
      default: [],
      describe: 'value of an input, as NAME=FILE.npy (default: random: normal floats, integers 0 or 1)',
    },
    size: {
      type: 'string',
      array: true,
      default: [],
      describe: 'size of a dynamic dimension, as NAME=NUMBER (default: 1 for a batch, 32 for others)',
    },
    wrt: {
      type: 'string',
      array: true,
      describe:
        'check the gradients with respect to these inputs and weights (default: all float inputs and up to 8 weights)',
    },
    directions: { type: 'number', default: 3, describe: 'random directions per input or weight' },
    tolerance: { type: 'number', default: 0.01, describe: 'largest relative error that passes' },
    seed: { type: 'number', default: 0, describe: 'random seed' },
    device,
    threads,
    json,
  },
  examples: [
    ['$0 gradcheck vae-encoder.onnx --size height=64 --size width=64', 'check an encoder at 64 x 64 px'],
  ],
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
      // Without a rule there is nothing to check: the missing operators are the answer.
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
  const rules =
    missing.length === 0
      ? 'every operator has a gradient rule'
      : `operators without a gradient rule: ${missing.join(', ')}`;
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
  const header = ['with respect to', 'gradient', 'central difference', 'error', 'uncertainty', 'verdict'];
  const close = `${passed ? 'passed' : 'failed'} (tolerance: relative error ${tolerance})`;
  return [rules, table(header, checks.map(row)), close].join('\n');
}
