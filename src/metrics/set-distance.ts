/**
 * @file Distances between the set of an arm's images and the clean set. Names that belong to a network (FID, KID, CMMD) are
 * reserved for it and its exact protocol. On other features the same formulas have other names.
 */
import { z } from 'zod';
import { roleNeeds } from '../plugin/define.ts';
import { PREPARATION, type VectorRole } from '../models/vectors.ts';
import type { FeatureSet } from '../stats/sets/features.ts';
import { frechetDistance } from '../stats/sets/frechet.ts';
import { gaussianDiscrepancy, kernelDistance } from '../stats/sets/mmd.ts';
import { precisionAndRecall } from '../stats/sets/manifold.ts';
import { defineMetric } from './define.ts';
import { featurePair } from './parts/features.ts';

interface Distance<Id extends string> {
  readonly id: Id;
  readonly label: string;
  readonly summary: string;
  readonly reference: string;
  /** What is computed from the features. */
  readonly formula: string;
  readonly role?: VectorRole;
  /** The network that the name stands for. */
  readonly pin?: string;
  readonly unit?: string;
  readonly higherIsBetter?: boolean;
  /** The smallest size of a set. */
  readonly least?: number;
  readonly of: (a: FeatureSet, b: FeatureSet) => number | Promise<number>;
}

function setDistance<const Id extends string>(distance: Distance<Id>) {
  const { id, label, summary, reference, formula, of } = distance;
  const { role = 'image-embedder', pin, unit = '', higherIsBetter = false, least = 2 } = distance;
  return defineMetric({
    id,
    version: 1,
    kind: 'set',
    label,
    summary,
    reference,
    protocol: `${id}@1: ${formula}; equal n, one image a batch; ${PREPARATION[role]}`,
    unit,
    higherIsBetter,
    params: z.strictObject({}),
    needs: () => roleNeeds(role),
    ...(pin !== undefined && { pins: { [role]: pin } }),
    random: false,
    floorFrom: least,
    measure: async (images, references, _params, context) =>
      of(...(await featurePair(id, images, references, role, context))),
  });
}

const GAUSSIANS =
  'squared Fréchet distance of two Gaussians, covariances over n - 1, exact by singular values';
const CUBIC = 'k = (x.y / d + 1)^3; may be below 0';
const PAIRED = 'squared MMD, U form without pairs of an image and its own clean version';
const RBF = 'k = exp(-|x-y|^2 / (2 10^2)) of embeddings scaled to length 1, times 1000';
const NEIGHBOURS = 'radius: distance to the 3rd nearest neighbour, Euclidean';

const FID = 'Heusel et al., GANs Trained by a Two Time-Scale Update Rule (NeurIPS 2017)';
const KID = 'Binkowski et al., Demystifying MMD GANs (ICLR 2018)';
const CMMD = 'Jayasumana et al., Rethinking FID (CVPR 2024)';
const PRECISION = 'Kynkäänniemi et al., Improved Precision and Recall Metric (NeurIPS 2019)';

export const frechet = setDistance({
  id: 'frechet',
  label: 'Fréchet distance',
  summary: 'Fréchet distance on the features of any embedder; mostly bias for few images.',
  reference: FID,
  formula: GAUSSIANS,
  of: frechetDistance,
});

export const cleanFid = setDistance({
  id: 'clean-fid',
  label: 'clean-FID',
  summary: 'Fréchet Inception Distance by the protocol of clean-fid; mostly bias for few images.',
  reference: `${FID}; Parmar et al., On Aliased Resizing and Surprising Subtleties in GAN Evaluation (CVPR 2022)`,
  formula: GAUSSIANS,
  role: 'fid-features',
  pin: 'inception-fid',
  of: frechetDistance,
});

export const kid = setDistance({
  id: 'kid',
  label: 'KID',
  summary: 'Kernel Inception Distance, unbiased: 0 on average for two sets from one distribution.',
  reference: KID,
  formula: `squared MMD, U form over every pair once, ${CUBIC}`,
  role: 'fid-features',
  pin: 'inception-fid',
  of: (a, b) => kernelDistance(a, b),
});

export const mmdCubic = setDistance({
  id: 'mmd-cubic',
  label: 'MMD (cubic)',
  summary:
    "MMD with KID's kernel on the features of any embedder; unbiased for images and their own changed versions.",
  reference: `${KID}; Gretton et al., A Kernel Two-Sample Test (JMLR 2012), lemma 6`,
  formula: `${PAIRED}, ${CUBIC}`,
  of: (a, b) => kernelDistance(a, b, 'paired'),
});

export const cmmd = setDistance({
  id: 'cmmd',
  label: 'CMMD',
  summary:
    'CLIP maximum mean discrepancy as published (V form): above 0 even for two sets from one distribution.',
  reference: CMMD,
  formula: `squared MMD, V form as published, ${RBF}`,
  pin: 'clip-vit-l-14-336',
  unit: 'x1000',
  of: (a, b) => gaussianDiscrepancy(a, b).v,
});

export const cmmdU = setDistance({
  id: 'cmmd-u',
  label: 'CMMD (U)',
  summary: 'CLIP maximum mean discrepancy, unbiased: 0 on average for two sets from one distribution.',
  reference: CMMD,
  formula: `squared MMD, U form, ${RBF}; may be below 0`,
  pin: 'clip-vit-l-14-336',
  unit: 'x1000',
  of: (a, b) => gaussianDiscrepancy(a, b).u,
});

export const mmdGaussian = setDistance({
  id: 'mmd-gaussian',
  label: 'MMD (Gaussian)',
  summary:
    "MMD with CMMD's kernel on the features of any embedder; unbiased for images and their own changed versions.",
  reference: `${CMMD}; Gretton et al., A Kernel Two-Sample Test (JMLR 2012), lemma 6`,
  formula: `${PAIRED}, ${RBF}; may be below 0`,
  unit: 'x1000',
  of: (a, b) => gaussianDiscrepancy(a, b).paired,
});

export const precision = setDistance({
  id: 'precision',
  label: 'Precision',
  summary: 'Share of the images that lie among the clean images, on the features of any embedder.',
  reference: PRECISION,
  formula: `share of the images inside the neighbourhoods of the clean images, ${NEIGHBOURS}`,
  higherIsBetter: true,
  least: 4,
  of: (a, b) => precisionAndRecall(a, b).precision,
});

export const recall = setDistance({
  id: 'recall',
  label: 'Recall',
  summary: 'Share of the clean images that lie among the images, on the features of any embedder.',
  reference: PRECISION,
  formula: `share of the clean images inside the neighbourhoods of the images, ${NEIGHBOURS}`,
  higherIsBetter: true,
  least: 4,
  of: (a, b) => precisionAndRecall(a, b).recall,
});
