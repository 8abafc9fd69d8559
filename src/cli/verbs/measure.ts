/** @file `craquelure measure`: metrics on two images, two folders, or two matrices of features. */
import { expected } from '../../messages/index.ts';
import type { Measurement } from '../../standalone/compare-images.ts';
import { deviceOption, modelChoices } from '../choices.ts';
import { EXIT } from '../exit.ts';
import { note, print, printJson, table } from '../terminal.ts';
import { defineVerb, device, json, maxPixels, model } from '../verb.ts';

const IMAGE_METRICS = 'psnr,ssim,linf,mse';
const FEATURE_METRICS = 'frechet,kid,cmmd';

export const measure = defineVerb({
  command: 'measure <a> <b>',
  describe:
    'compute metrics of A against the reference B: two images, two folders, or two .npy files of features',
  positionals: (yargs) =>
    yargs
      .positional('a', {
        type: 'string',
        demandOption: true,
        describe: 'image, folder of images, or .npy file of features [n, d]',
      })
      .positional('b', { type: 'string', demandOption: true, describe: 'reference, of the same kind as A' }),
  needs: {
    what: 'two images, two folders or two .npy files',
    example: 'craquelure measure protected/ art/',
  },
  options: {
    metrics: {
      type: 'string',
      describe: `metrics, separated by commas (default: ${IMAGE_METRICS}; for .npy files: ${FEATURE_METRICS})`,
    },
    'allow-unequal': {
      type: 'boolean',
      default: false,
      describe: 'allow feature sets of different size; such values cannot be compared with others',
    },
    seed: { type: 'number', default: 0, describe: 'random seed, for metrics that use random numbers' },
    out: {
      type: 'string',
      describe: 'folder for maps that show where A differs visibly from B',
    },
    model,
    device,
    'max-pixels': maxPixels,
    json,
  },
  examples: [
    ['$0 measure protected/a.png art/a.png --metrics psnr,ssim --json', 'two metrics as JSON'],
    ['$0 measure protected/ art/ --out maps', 'write a map of the visible changes for each image'],
    ['$0 measure a.npy b.npy --metrics frechet,cmmd', 'distances between two sets of features'],
  ],
  handler: async (args) => {
    const ofFeatures = [args.a, args.b].some((path) => path.endsWith('.npy'));
    const asked = args.metrics ?? (ofFeatures ? FEATURE_METRICS : IMAGE_METRICS);
    const calls = asked.split(/,(?![^(]*\))/).map((call) => call.trim()); // commas inside a call belong to it
    if (calls.some((call) => call === '')) throw expected('metrics separated by commas', '--metrics', asked);
    if (ofFeatures) {
      if (args.out !== undefined)
        throw expected('images (maps cannot be drawn of features)', '--out', `${args.a} ${args.b}`, {
          code: 'USAGE',
        });
      const { measureFeatures } = await import('../../standalone/compare-features.ts');
      await answer(await measureFeatures(args.a, args.b, calls, { allowUnequal: args.allowUnequal }), args);
      return;
    }
    const { metricSettings } = await import('../../experiment/settings.ts');
    const { drawVisibility, measurePaths } = await import('../../standalone/compare-images.ts');
    const settings = calls.flatMap((call) => metricSettings(call));
    const results = await measurePaths(args.a, args.b, settings, {
      seed: args.seed,
      maxPixels: args.maxPixels,
      models: await modelChoices(args.model),
      device: await deviceOption(args.device),
    });
    await answer(results, args);
    if (args.out === undefined) return;
    const maps = await drawVisibility(args.a, args.b, args.out, args.maxPixels);
    for (const map of maps) note(`map of visible changes: ${map}`);
  },
});

/** Prints the measurements; those that failed decide the exit code. */
async function answer(results: readonly Measurement[], { json }: { readonly json: boolean }): Promise<void> {
  const { toJsonValue } = await import('../../files/json-number.ts');
  if (json) {
    printJson(
      results.map((result) => ({
        ...result,
        value: toJsonValue(result.value),
        ...(result.images && {
          images: result.images.map((each) => ({ ...each, value: toJsonValue(each.value) })),
        }),
      })),
    );
  } else {
    const shown = (value: number | null): string =>
      value === null ? 'error' : String(Number(value.toPrecision(8)));
    print(
      table(
        ['metric', 'value', 'unit', 'n', 'protocol'],
        results.map((each) => [each.metric, shown(each.value), each.unit, each.n, each.protocol]),
      ),
    );
  }
  const errors = results.flatMap(({ metric, error }) => (error === undefined ? [] : [`${metric}: ${error}`]));
  for (const error of errors) note(`craquelure: ${error}`);
  if (errors.length > 0) process.exitCode = errors.length < results.length ? EXIT.failedCells : EXIT.failure;
}
