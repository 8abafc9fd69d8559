/** @file What the program says when something is wrong with protections. */
import { CraquelureError } from './base.ts';

/** A plug-in that asks for the pictures of a parameter without saying that it names any. */
export const undeclaredReference = (parameter: string): CraquelureError =>
  new CraquelureError('USAGE', `No pictures were named by parameter '${parameter}'`);

/** An image that a VAE encoder makes no latent of. */
export const smallerThanCell = (
  model: string,
  { width, height }: { readonly width: number; readonly height: number },
  cell: number,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected sides of at least ${cell} px, one latent cell of model '${model}', but received an image of ${width}x${height} px`,
  );

/** A perceptual budget that leaves no room for any protection. */
export const perceptualUnmet = (p: number, model: string): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `No protection within the perceptual budget of ${p}: of all that keeps it in the distance of model '${model}', ` +
      'nothing comes noticeably nearer to the target than the clean picture. Raise lpips or steps, or take a smaller step',
  );

/** No picture of the concept that an anchor is to show. */
export const emptyConcept = (concept: string, pictures: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `No anchor for concept '${concept}': none of the ${pictures} pictures has it in its caption or name. Name others with anchors`,
  );

/** A target picture that would have to be enlarged. */
export const targetTooSmall = (
  id: string,
  { width, height }: { readonly width: number; readonly height: number },
  needed: { readonly width: number; readonly height: number },
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected a target of at least ${needed.width}x${needed.height} px but '${id}' has ${width}x${height} px`,
  );

/** A descent that cannot go on. Steps count from 1 for the reader. */
export const notFiniteGradient = (model: string, step: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected finite gradients from model '${model}' but received NaN or infinity at step ${step + 1}`,
  );
