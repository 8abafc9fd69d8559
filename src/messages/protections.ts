/** @file What the program says when something is wrong with protections. */
import { CraquelureError } from './base.ts';

/** A plug-in that asks for the images of a parameter that names none: a mistake of the plug-in. */
export const undeclaredReference = (parameter: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `The plug-in asked for the images of parameter '${parameter}', which names none. List it under 'pictures' in the plug-in`,
  );

/** An image that is smaller than one latent cell of a VAE. */
export const smallerThanCell = (
  model: string,
  { width, height }: { readonly width: number; readonly height: number },
  cell: number,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected sides of at least ${cell} px (one latent cell) for model '${model}' but received an image of ${width}x${height} px`,
  );

/** A perceptual budget that leaves no room for any protection. */
export const perceptualUnmet = (p: number, model: string): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `Perceptual budget ${p} is too small (model '${model}'): no image within it is clearly closer to the target than the clean one. ` +
      "Raise 'lpips' or 'steps', or lower the step size",
  );

/** No image of the concept that an anchor is to show. */
export const emptyConcept = (concept: string, images: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `No anchor for concept '${concept}': none of the ${images} images has the word in its caption or name. Name other images with 'anchors'`,
  );

/** A target image that would have to be enlarged. */
export const targetTooSmall = (
  id: string,
  { width, height }: { readonly width: number; readonly height: number },
  needed: { readonly width: number; readonly height: number },
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected a target image of at least ${needed.width}x${needed.height} px but '${id}' has ${width}x${height} px`,
  );

/** A descent that cannot continue. Steps count from 1 for the reader. */
export const notFiniteGradient = (model: string, step: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected finite gradients from model '${model}' but received NaN or infinity at step ${step + 1}`,
  );
