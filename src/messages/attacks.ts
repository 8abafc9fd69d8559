/** @file What the program says when something is wrong with attacks. */
import { CraquelureError, solutions } from './base.ts';

/** No browser for a real screenshot. */
export const browserMissing = (
  named: string | undefined,
  names: readonly string[],
  folders: readonly string[],
): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      named
        ? `Expected the path of a browser in CHROMIUM_PATH but '${named}' is not an executable file`
        : `screenshot(mode=browser) needs a browser. None of ${names.join(', ')} was found in ${folders.join(', ') || 'PATH, which is empty'}`,
      solutions(
        'install one: apt-get install chromium, brew install --cask chromium, or Google Chrome from google.com/chrome',
        'give the path of an installed one: CHROMIUM_PATH=/path/to/chromium',
        'use the model of a browser instead: screenshot(mode=simulated)',
      ),
    ].join('\n'),
  );

/** A browser is there, but not the package that drives it. */
export const playwrightMissing = (why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      `screenshot(mode=browser) cannot control the browser: ${why.split('\n')[0]}`,
      solutions(
        'install the optional package: npm install playwright-core',
        'use the model of a browser instead: screenshot(mode=simulated)',
      ),
    ].join('\n'),
  );

/** A browser that does not start. */
export const browserFailed = (path: string, why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    `Browser '${path}' does not start: ${why}\nTo use another one: CHROMIUM_PATH=/path/to/chromium`,
  );

/** More device pixels than a browser captures. */
export const screenshotTooLarge = (
  { width, height }: { readonly width: number; readonly height: number },
  largest: number,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected a screenshot of at most ${largest} px per side but the image would be ${width}x${height} px on the screen`,
  );

/** An attack that is trained on pairs of a protection, applied where no protection is known. */
export const notTrained = (attack: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Attack '${attack}' is trained on images with and without the protection it attacks. It runs only in an experiment: craquelure run EXPERIMENT`,
  );

/** Fewer images than a metric of sets can say anything about. */
export const tooFewImages = (metric: string, wanted: number, found: number): CraquelureError =>
  new CraquelureError('DATASET', `Expected at least ${wanted} images for ${metric} but the set has ${found}`);

/** Fewer training images than an attack wants. */
export const tooFewTrainingImages = (attack: string, wanted: number, found: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at least ${wanted} images in ${attack}.training but found ${found}. Images that are attacked do not count`,
  );

/** A chain that cannot be written as an ONNX graph. */
export const noGraph = (attack: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Attack '${attack}' cannot be written as an ONNX graph. 'craquelure list attacks' shows which ones can`,
  );
