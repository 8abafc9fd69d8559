/** @file What the program says when something is wrong with metrics. */
import { CraquelureError } from './base.ts';

// ---- metrics over embeddings and sets ------------------------------------------------------------------------

export const unknownArtist = (metric: string, image: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing artist for image '${image}', which ${metric} needs. List the images in a CSV manifest with a column 'artist'`,
  );

export const unknownGenre = (metric: string, image: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing genre for image '${image}', which ${metric} needs. Add a column 'genre' to the manifest. If all images have one genre, ${metric}(genre=...) sets it`,
  );

export const mixedTowers = (metric: string, image: string, text: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected one CLIP model for ${metric} but received '${image}' for images and '${text}' for text. Name the same model for 'image-embedder' and 'text-embedder'`,
  );

export const tooFewArtists = (metric: string, image: string, artist: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at least two artists for ${metric}, and a second image by '${artist}' besides '${image}'. Add images to the data set`,
  );

// ---- sets of features ----------------------------------------------------------------------------------------

/** A distance between sets that was asked of fewer than two images. */
export const tooFewForSet = (metric: string, n: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected sets of at least 2 images for ${metric} but received ${n}. ${metric} compares sets, not single images. ` +
      'Use a larger data set or two folders, or choose a metric of single images',
  );

/** Features from which no set distance can be computed, and why. */
export const unusableFeatures = (name: string, why: string): CraquelureError =>
  new CraquelureError('USAGE', `Cannot use features '${name}': ${why}`);

export const constantFeatures = (name: string, n: number): CraquelureError =>
  unusableFeatures(name, `all ${n} rows are equal, so they have no variance. Check how they were made`);

export const zeroFeatures = (name: string, row: number): CraquelureError =>
  unusableFeatures(
    name,
    `row ${row} is all zeros. cmmd scales rows to length 1, which is impossible for zeros`,
  );

/** Features of two networks, or of two layers. */
export const differentFeatures = (a: string, inA: number, b: string, inB: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected features of the same network but '${a}' has ${inA} columns and '${b}' has ${inB}`,
  );

/** Every set distance depends on n, so only values at equal n can be compared. */
export const unequalSets = (a: string, inA: number, b: string, inB: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected sets of equal size but '${a}' has ${inA} rows and '${b}' has ${inB}. Set distances depend on the size. ` +
      'Use equally many rows, or pass --allow-unequal',
  );

export const tooFewNeighbours = (name: string, n: number, k: number): CraquelureError =>
  unusableFeatures(
    name,
    `precision-recall looks at ${k} neighbours of each row, so it needs more than ${k} rows, but there are ${n}`,
  );
