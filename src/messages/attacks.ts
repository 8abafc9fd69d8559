/** @file What the program says when something is wrong with attacks. */
import { CraquelureError } from './base.ts';

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
        : `No browser for screenshot(mode=browser): none of ${names.join(', ')} in ${folders.join(', ') || 'an empty PATH'}`,
      'Possible solutions:',
      '  - install one: apt-get install chromium, brew install --cask chromium, or Google Chrome from google.com/chrome',
      '  - name one that is elsewhere: CHROMIUM_PATH=/path/to/chromium',
      '  - do without a browser: screenshot(mode=simulated)',
    ].join('\n'),
  );

/** A browser is there, but not the package that drives it. */
export const playwrightMissing = (why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      `Cannot drive a browser for screenshot(mode=browser): ${why.split('\n')[0]}`,
      'Possible solutions:',
      '  - install the optional package: npm install playwright-core',
      '  - do without a browser: screenshot(mode=simulated)',
    ].join('\n'),
  );

/** A browser that does not start. */
export const browserFailed = (path: string, why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    `Browser '${path}' does not start: ${why}\nName another one with CHROMIUM_PATH=/path/to/chromium`,
  );

/** More device pixels than a browser captures. */
export const screenshotTooLarge = (
  { width, height }: { readonly width: number; readonly height: number },
  largest: number,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected at most ${largest} px a side on the screen for screenshot but the picture would take ${width}x${height} px`,
  );

/** An attack that learns from pairs of a protection, applied where no protection is known. */
export const notLearned = (attack: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Attack '${attack}' learns from pairs of the protection that it attacks: it runs in an experiment only`,
  );

/** Fewer pictures than a metric of sets can say anything about. */
export const tooFewPictures = (metric: string, wanted: number, found: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at least ${wanted} pictures for ${metric} but the set has ${found}`,
  );

/** Fewer pictures to learn from than an attack wants. */
export const fewTrainingPictures = (attack: string, wanted: number, found: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at least ${wanted} pictures in ${attack}.training that are not attacked themselves but found ${found}`,
  );

/** A chain that cannot be written as an ONNX graph. */
export const noGraph = (attack: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Attack '${attack}' cannot be written as an ONNX graph. 'craquelure list attacks' shows which can`,
  );
