/** @file `craquelure measure`: metrics on two images or two folders. */
import { expected } from '../messages.ts';
import { deviceOption, modelChoices } from './choices.ts';
import { EXIT } from './exit.ts';
import { note, print, printJson, table } from './terminal.ts';
import { defineVerb, device, json, maxPixels, model } from './verb.ts';

export const measure = defineVerb({
  command: 'measure <a> <b>',
  describe: 'measure a picture or folder A against the reference B',
  positionals: (yargs) =>
    yargs
      .positional('a', { type: 'string', demandOption: true, describe: 'image or folder' })
      .positional('b', { type: 'string', demandOption: true, describe: 'reference image or folder' }),
  options: {
    metrics: { type: 'string', default: 'psnr,ssim,linf,mse', describe: 'metrics, separated by commas' },
    seed: { type: 'number', default: 0, describe: 'root seed of metrics that draw random numbers' },
    model,
    device,
    'max-pixels': maxPixels,
    json,
  },
  examples: [['$0 measure protected/a.png art/a.png --metrics psnr,ssim --json', 'two numbers as JSON']],
  handler: async (args) => {
    const { metricSettings } = await import('../harness/settings.ts');
    const { measurePaths } = await import('../harness/compare-images.ts');
    const { toJsonValue } = await import('../harness/rows.ts');
    const calls = args.metrics.split(/,(?![^(]*\))/).map((call) => call.trim()); // commas inside a call belong to it
    if (calls.some((call) => call === ''))
      throw expected('metrics separated by commas', '--metrics', args.metrics);
    const settings = calls.flatMap((call) => metricSettings(call));
    const results = await measurePaths(args.a, args.b, settings, {
      seed: args.seed,
      maxPixels: args.maxPixels,
      models: await modelChoices(args.model),
      device: await deviceOption(args.device),
    });
    if (args.json) {
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
    const errors = results.flatMap(({ metric, error }) =>
      error === undefined ? [] : [`${metric}: ${error}`],
    );
    for (const error of errors) note(`craquelure: ${error}`);
    if (errors.length > 0)
      process.exitCode = errors.length < results.length ? EXIT.failedCells : EXIT.failure;
  },
});
