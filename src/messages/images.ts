/** @file What the program says when something is wrong with images. */
import { CraquelureError, reasonOf } from './base.ts';

/** An image that cannot be used, and why; `path` is the file as the user named it. */
const unusableImage = (path: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError('IMAGE', `Cannot use image '${path}': ${why}`, options);

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path',
  EISDIR: 'it is a folder. Name the images in it',
  EACCES: 'permission denied. Make the file readable',
};

export const unreadableFile = (path: string, error: unknown): CraquelureError => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return unusableImage(path, READ_FAILURES[code] ?? reasonOf(error), { cause: error });
};

export const emptyImage = (path: string): CraquelureError =>
  unusableImage(path, 'the file is empty (0 bytes). Download or export it again');

export const notAnImage = (path: string): CraquelureError =>
  unusableImage(path, 'it is not a PNG, JPEG, WebP, AVIF, TIFF or GIF file. Convert it to PNG');

export const damagedImage = (path: string, reason: string, cause: unknown): CraquelureError =>
  unusableImage(
    path,
    `the file is truncated or damaged (${reason.split('\n')[0]}). Download or export it again`,
    { cause },
  );

export const animatedImage = (path: string, count: number, unit: 'frames' | 'pages'): CraquelureError =>
  unusableImage(path, `it has ${count} ${unit}, expected one. Save the one you need as a PNG file`);

export const unsupportedDepth = (path: string, depth: string): CraquelureError =>
  unusableImage(
    path,
    `its channels are of type ${depth}, expected 8 or 16 bits. Save it with 8 or 16 bits per channel`,
  );

export const imageTooLarge = (
  path: string,
  { width, height }: { readonly width: number; readonly height: number },
  maxPixels: number,
): CraquelureError =>
  unusableImage(
    path,
    `it has ${width}x${height} = ${width * height} pixels, and at most ${maxPixels} are allowed. ` +
      `Use a smaller image, or pass --max-pixels ${width * height}`,
  );

export const unknownExtension = (path: string): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Unknown image format for '${path}'. Expected a name that ends in .png, .jpg, .webp, .avif or .tif`,
  );

export const unwritableImage = (path: string, error: unknown): CraquelureError =>
  new CraquelureError('IMAGE', `Cannot write image '${path}': ${reasonOf(error)}`, { cause: error });

/** An image too small for what a plug-in does with it. */
export const imageTooSmall = (
  plugin: string,
  { width, height }: { readonly width: number; readonly height: number },
  wanted: string,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected ${wanted} for ${plugin} but received an image of ${width}x${height} px`,
  );

/** Two images of different sizes that should be compared pixel by pixel. */
export const differentSizes = (
  metric: string,
  a: { readonly width: number; readonly height: number },
  b: { readonly width: number; readonly height: number },
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected two images of the same size for ${metric} but received ${a.width}x${a.height} and ${b.width}x${b.height}`,
  );

/** A thread of a filter that took a part of an image and did not finish. */
export const silentThread = (ms: number): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    `A thread of the filter has not answered for ${ms / 1000} s. It may have run out of memory. ` +
      "With '--jobs 2' or more, 'craquelure run' gives each filter a single thread",
  );
