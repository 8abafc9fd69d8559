/** @file `craquelure vjp`: outputs and gradients of any ONNX file, as .npy files. */
import type { Device } from '../../runtime/device.ts';
import { device, fileNameOf, namesOf, onnxModel, readNamed, threads, wholeNumber } from '../tensors.ts';
import { duration, print, printJson, size, table } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const vjp = defineVerb({
  command: 'vjp <model>',
  describe: 'compute gradients of an ONNX model; writes out.<name>.npy and grad.<name>.npy',
  positionals: (yargs) => yargs.positional('model', onnxModel),
  needs: {
    what: 'an ONNX file',
    example: 'craquelure vjp vae.onnx --input x=x.npy --cotangent y=ct.npy --wrt x --out grads',
  },
  options: {
    input: {
      type: 'string',
      array: true,
      default: [],
      describe: 'value of an input, as NAME=FILE.npy; repeat the flag for each input',
    },
    cotangent: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'gradient of the loss with respect to an output, as NAME=FILE.npy',
    },
    wrt: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'compute gradients with respect to these inputs and weights, separated by commas',
    },
    out: { type: 'string', demandOption: true, describe: 'folder for the results' },
    engine: {
      choices: ['onnx', 'tfjs'] as const,
      default: 'onnx' as const,
      describe: 'onnx: gradient graph in ONNX Runtime; tfjs: TensorFlow.js, as an independent check',
    },
    device,
    threads,
    json,
  },
  examples: [
    [
      '$0 vjp vae.onnx --input x=x.npy --cotangent y=ct.npy --wrt x,conv.weight --out grads',
      'gradients with respect to an input and a weight',
    ],
  ],
  handler: async (args) => {
    const { makeFolder } = await import('../../files/folders.ts');
    const { join } = await import('node:path');
    const { readModel } = await import('../../onnx/files.ts');
    const { writeNpy } = await import('../../onnx/npy.ts');
    const { vjp: differentiate } = await import('../../tfjs/engines.ts');
    const wrt = namesOf('--wrt', args.wrt);
    const count = wholeNumber('--threads', args.threads);
    const model = await readModel(args.model);
    const inputs = await readNamed('--input', args.input);
    const cotangents = await readNamed('--cotangent', args.cotangent);
    const { engine } = args;
    const options = { engine, device: args.device as Device, threads: count, name: args.model };
    const result = await differentiate(model, { inputs, cotangents, wrt }, options);
    await makeFolder(args.out);
    const files = [];
    for (const [kind, tensors] of [
      ['out', result.outputs],
      ['grad', result.gradients],
    ] as const) {
      for (const [name, tensor] of Object.entries(tensors)) {
        const file = join(args.out, `${kind}.${fileNameOf(name)}.npy`);
        await writeNpy(file, tensor);
        files.push({ kind, name, file, dtype: tensor.dtype, shape: tensor.dims });
      }
    }
    const { ms, peakMemory } = result.cost;
    if (args.json) {
      return printJson({
        model: args.model,
        engine,
        device: result.device,
        ms: Math.round(ms),
        peakMemory,
        files,
      });
    }
    print(
      table(
        ['file', 'type', 'shape'],
        files.map(({ file, dtype, shape }) => [file, dtype, shape.join(' x ') || 'scalar']),
      ),
    );
    print(`device: ${result.device}, time: ${duration(ms)}, peak memory: ${size(peakMemory)}`);
  },
});
