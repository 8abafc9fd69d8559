/** @file Distances between two sets of features, which any network may have computed, read from `.npy` matrices. */
import { expected, reasonOf, unknownName } from '../messages/index.ts';
import { readNpy } from '../onnx/npy.ts';
import { toFloat64 } from '../onnx/tensor.ts';
import { checkComparable, type FeatureSet, featureSet } from '../stats/sets/features.ts';
import { frechetDistance } from '../stats/sets/frechet.ts';
import { gaussianDiscrepancy, kernelDistance } from '../stats/sets/mmd.ts';
import { type Neighbours, precisionAndRecall } from '../stats/sets/manifold.ts';
import type { Measurement } from './compare-images.ts';

/** One number of a distance. Names such as FID include a network and its protocol, so they are not used here. */
type Value = Pick<Measurement, 'metric' | 'unit' | 'higherIsBetter' | 'protocol'> & {
  readonly value: number;
};

const gaussian = (metric: string, form: string, value: number): Value => ({
  metric,
  unit: 'x1000',
  higherIsBetter: false,
  protocol: `${metric}@1: ${form}, k = exp(-|x-y|^2 / (2 10^2)) of the given features scaled to length 1, times 1000`,
  value,
});

const share = (metric: string, of: string, value: number, { k }: Neighbours): Value => ({
  metric,
  unit: '',
  higherIsBetter: true,
  protocol: `${metric}@1: share of ${of}, radius: distance to the ${k}rd nearest neighbour, Euclidean, on the given features`,
  value,
});

/** The distances, and the numbers that each gives. */
const distances: Readonly<
  Record<string, (a: FeatureSet, b: FeatureSet) => readonly Value[] | Promise<readonly Value[]>>
> = {
  frechet: async (a, b) => [
    {
      metric: 'frechet',
      unit: '',
      higherIsBetter: false,
      protocol:
        'frechet@1: squared Fréchet distance of two Gaussians, covariances over n - 1, exact by singular values, ' +
        'rounding below 0 printed as 0, on the given features',
      value: await frechetDistance(a, b),
    },
  ],
  kid: (a, b) => [
    {
      metric: 'kid',
      unit: '',
      higherIsBetter: false,
      protocol:
        'kid@1: squared MMD, U form over every pair once, k = (x.y / d + 1)^3, on the given features; may be below 0',
      value: kernelDistance(a, b),
    },
  ],
  cmmd: (a, b) => {
    const { v, u } = gaussianDiscrepancy(a, b);
    return [
      gaussian('cmmd', 'squared MMD, V form as published', v),
      gaussian('cmmd-u', 'squared MMD, U form without bias, may be below 0', u),
    ];
  },
  'precision-recall': (a, b) => {
    const found = precisionAndRecall(a, b);
    return [
      share('precision', 'A inside the neighbourhoods of B', found.precision, found),
      share('recall', 'B inside the neighbourhoods of A', found.recall, found),
    ];
  },
};

/**
 * The distances from A to the reference B, matrices [n, d] in `.npy` files.
 * @throws ONNX, USAGE if a file holds no such matrix, or if the two cannot be compared
 */
export async function measureFeatures(
  a: string,
  b: string,
  names: readonly string[],
  options: { readonly allowUnequal: boolean },
): Promise<Measurement[]> {
  const stranger = [a, b].find((path) => !path.endsWith('.npy'));
  if (stranger !== undefined) throw expected('two .npy files', 'measure', `${a} ${b}`, { code: 'USAGE' });
  const unknown = names.find((name) => !Object.hasOwn(distances, name));
  if (unknown !== undefined)
    throw unknownName('metric of features', unknown, Object.keys(distances), { code: 'USAGE' });
  const [first, second] = [await readFeatures(a), await readFeatures(b)];
  checkComparable(first, second, options);
  const found: Measurement[] = [];
  for (const name of names) found.push(...(await measureOne(name, first, second)));
  return found;
}

async function readFeatures(path: string): Promise<FeatureSet> {
  const array = await readNpy(path);
  return featureSet(path, array.dims, toFloat64(array));
}

/** A distance that cannot be computed becomes an error in its own row; the others continue. */
async function measureOne(name: string, a: FeatureSet, b: FeatureSet): Promise<Measurement[]> {
  const n = a.features.rows;
  const unequal = n === b.features.rows ? {} : { references: b.features.rows };
  try {
    return (await distances[name]!(a, b)).map((each) => ({ ...each, n, ...unequal }));
  } catch (error) {
    const common = { unit: '', higherIsBetter: false, protocol: `${name}@1` };
    return [{ metric: name, value: null, n, ...unequal, ...common, error: reasonOf(error) }];
  }
}
