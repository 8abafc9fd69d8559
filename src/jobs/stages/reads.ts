/** @file The artefacts that jobs over sets read: the images behind their keys, each once. */
import type { JobContext } from '../job.ts';

export const readsOfSets = (_: unknown, { pictures }: JobContext): readonly string[] => [
  ...new Set([...pictures!.inputs, ...pictures!.references].map(({ sha256 }) => sha256)),
];
