/** @file The versions of an image that a cell compares. */

/** The four versions of an image in a cell. */
export const ARMS = ['clean', 'protected', 'attacked-clean', 'attacked-protected'] as const;
export type Arm = (typeof ARMS)[number];

/**
 * What a row is about: an arm; the noise floor of a set metric, which compares random halves of the clean set; or the samples
 * of the model as it is, before any fine-tuning.
 */
export type RowArm = Arm | 'floor' | 'untuned';
