/** @file What the program says when something is wrong with metrics. */
import { CraquelureError } from './base.ts';

// ---- metrics over embeddings and sets ------------------------------------------------------------------------

export const unknownArtist = (metric: string, image: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing artist of '${image}', which ${metric} needs. List the pictures in a CSV manifest with a column 'artist'`,
  );

export const unknownGenre = (metric: string, image: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing genre of '${image}', which ${metric} needs. Add a column 'genre' to the manifest, or set ${metric}(genre=...) where all pictures are of one`,
  );

export const mixedTowers = (metric: string, image: string, text: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected one CLIP for ${metric} but pictures are seen by '${image}' and words read by '${text}'. Name the same model in 'image-embedder' and 'text-embedder'`,
  );

export const fewArtists = (metric: string, image: string, artist: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected two artists, and another picture by '${artist}' beside '${image}', for ${metric}. Add pictures to the data set`,
  );

// ---- sets of features ----------------------------------------------------------------------------------------

/** A distance between sets that was asked of fewer than two pictures. */
export const tooFewForSet = (metric: string, n: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected sets of at least 2 pictures for ${metric} but received ${n}: it compares sets, not pictures. Give it a larger data set, ` +
      'two folders, or a metric of single pictures',
  );

/** Features that no set distance can be computed from, and why. */
export const unusableFeatures = (name: string, why: string): CraquelureError =>
  new CraquelureError('USAGE', `Cannot use features '${name}': ${why}`);

export const constantFeatures = (name: string, n: number): CraquelureError =>
  unusableFeatures(name, `all ${n} rows are equal, so that they have no spread. Check how they were made`);

export const zeroFeatures = (name: string, row: number): CraquelureError =>
  unusableFeatures(name, `row ${row} is all zeros and has no direction, which cmmd needs`);

/** Features of two networks, or of two layers. */
export const differentFeatures = (a: string, inA: number, b: string, inB: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected features of one network but '${a}' has ${inA} columns and '${b}' has ${inB}`,
  );

/** Every set distance depends on n: between two pairs of sets only equal n can be compared. */
export const unequalSets = (a: string, inA: number, b: string, inB: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected sets of equal size but '${a}' has ${inA} rows and '${b}' has ${inB}: set distances depend on n. ` +
      'Take as many of each, or pass --allow-unequal',
  );

export const tooFewNeighbours = (name: string, n: number, k: number): CraquelureError =>
  unusableFeatures(
    name,
    `precision-recall needs more than ${k} rows, for it looks at ${k} neighbours of each, but there are ${n}`,
  );
