/** @file What `protect` and `attack` share: options, the loop over files, the table at the end. */
import type { attackFile, OutputFile } from '../standalone/apply.ts';
import type { Setting } from '../experiment/setting.ts';
import type { PluginKind } from '../plugin/resolve.ts';
import { expected, reasonOf } from '../messages/index.ts';
import { EXIT } from './exit.ts';
import { startProgress } from './progress.ts';
import { duration, note, print, printJson, table } from './terminal.ts';
import { deviceOption, modelChoices } from './choices.ts';
import { device, json, maxPixels, model } from './verb.ts';

export const applyOptions = {
  out: { type: 'string', demandOption: true, describe: 'folder for the results; files keep their names' },
  seed: {
    type: 'number',
    default: 0,
    describe: 'random seed; the same seed gives the same images as in an experiment',
  },
  model,
  device,
  'max-pixels': maxPixels,
  json,
} as const;

interface ApplyArguments {
  readonly out: string;
  readonly seed: number;
  readonly model?: readonly string[] | undefined;
  readonly device: string;
  readonly maxPixels: number;
  readonly json: boolean;
}

/** Processes each image. If one fails, the others continue, and the exit code tells. */
export async function applyToFiles(
  paths: readonly string[],
  [kind, given]: readonly [PluginKind, Setting],
  treat: typeof attackFile,
  { out: outDir, seed, maxPixels, json: asJson, ...args }: ApplyArguments,
): Promise<void> {
  const { findInputs } = await import('../standalone/apply.ts');
  if (!Number.isInteger(seed) || seed < 0) throw expected('integer of at least 0', '--seed', seed);
  const inputs = await findInputs(paths);
  const { openBindings } = await import('../experiment/bindings.ts');
  const choices = await modelChoices(args.model);
  const sessions = { device: await deviceOption(args.device) };
  const { bind, models, modelsOf, picturesOf, close } = await openBindings(
    [[kind, given]],
    choices,
    sessions,
  );
  const setting = bind(kind, given);
  const progress = startProgress();
  const outputs: OutputFile[] = [];
  const errors: { input: string; error: string }[] = [];
  for (const [i, input] of inputs.entries()) {
    const onProgress = (fraction: number): void => progress.update(i + fraction, inputs.length, input.path);
    onProgress(0);
    try {
      outputs.push(
        await treat(input, setting, { outDir, seed, maxPixels, modelsOf, picturesOf, onProgress }),
      );
    } catch (error) {
      errors.push({ input: input.path, error: reasonOf(error) });
    }
  }
  progress.end();
  await close();
  if (kind === 'protection' && outputs.length > 0) {
    const { writeProtectionsFile } = await import('../standalone/protections-file.ts');
    await writeProtectionsFile(outDir, outputs, { setting, seed, models });
  }
  if (asJson) printJson({ setting: setting.label, seed, models, outputs: outputs.map(forJson), errors });
  else if (outputs.length > 0) print(summary(outputs));
  // Errors of plug-ins do not name the file.
  for (const { input, error } of errors)
    note(`craquelure: ${error.includes(input) ? '' : `${input}: `}${error}`);
  if (errors.length > 0) process.exitCode = outputs.length > 0 ? EXIT.failedCells : EXIT.failure;
}

function summary(outputs: readonly OutputFile[]): string {
  const [first] = outputs;
  const looks = Object.keys(looksOf(first?.measured));
  const columns = first?.measured === undefined ? [] : ['L-inf (1/255)', 'PSNR (dB)', ...looks];
  const header = ['output', 'size', ...columns, 'time'];
  return table(
    header,
    outputs.map((each) => [
      each.output,
      `${each.width}x${each.height}`,
      ...(each.measured === undefined ? [] : [each.measured.linfPx, each.measured.psnr.toFixed(2)]),
      ...looks.map((name) => looksOf(each.measured)[name]?.toFixed(4) ?? ''),
      duration(each.ms),
    ]),
  );
}

/** How near the saved image looks, by the name of each measure. */
function looksOf(measured: OutputFile['measured']): Readonly<Record<string, number>> {
  if (measured === undefined) return {};
  const { linfPx: _, psnr: __, ...looks } = measured;
  return looks;
}

/** JSON has no infinity: the PSNR of unchanged images is written as "inf". */
function forJson({ measured, ms, ...rest }: OutputFile): object {
  const psnr = measured?.psnr === Infinity ? 'inf' : measured?.psnr;
  return { ...rest, ms: Math.round(ms), ...(measured && { measured: { ...measured, psnr } }) };
}
