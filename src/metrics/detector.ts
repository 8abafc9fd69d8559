/**
 * @file Detectability: how well an arm's images can be told from the clean ones, as the area under the ROC curve (0.5: not at
 * all, 1: always). A protection that can be detected can be filtered out, or removed on purpose.
 *
 * `detector` is a linear discriminant on statistics of the fine residual, fitted on the other images of the set.
 * `detector-vae` uses the error of an autoencoder and needs no training (the criterion of IMPRESS).
 */
import { z } from 'zod';
import { imageTensor } from '../models/pixels.ts';
import { inWindows } from '../image/windows.ts';
import { type Image, toBytes } from '../image/image.ts';
import { medianBytes } from '../image/filters/median.ts';
import { tooFewImages } from '../messages/index.ts';
import { tensor } from '../onnx/tensor.ts';
import { openRole, type PluginContext, roleNeeds } from '../plugin/define.ts';
import { areaUnderRoc, discriminantScores } from '../stats/detection.ts';
import { mean } from '../stats/mean.ts';
import { defineMetric, type ImageRef, type ImageSet } from './define.ts';

const shared = {
  version: 1,
  kind: 'set',
  unit: 'AUROC',
  smallestEffect: 0.05,
  higherIsBetter: false,
  measures: 'detectability',
  params: z.strictObject({}),
  random: false,
} as const;

/** Fewer images are too few to fit a classifier. */
const LEAST = 4;

export const detector = defineMetric({
  ...shared,
  id: 'detector',
  label: 'Detectability',
  summary: 'How well a small classifier tells the images from the clean ones; 0.5 is chance.',
  reference: 'The question of Foerster et al., LightShed (USENIX Security 2025); own classifier',
  protocol:
    'detector@1: residual of a 3x3 median on 8 bits; per channel log variance, kurtosis, correlation with the right, the ' +
    'lower and the diagonal neighbour, and between channels; linear discriminant with ridge 0.3 on standardised ' +
    'features, leave-one-out over pairs of versions; area under the ROC curve of all scores',
  needs: () => [],
  measure: async (images, references, _params, { signal }) => {
    if (images.length < LEAST) throw tooFewImages('detector', LEAST, images.length);
    const featuresOf = async (set: ImageSet): Promise<Float64Array[]> => {
      const all: Float64Array[] = [];
      for (const each of set) {
        signal?.throwIfAborted();
        all.push(residualFeatures(await each.load()));
      }
      return all;
    };
    const { positives, negatives } = discriminantScores(
      await featuresOf(images),
      await featuresOf(ownVersions(images, references)),
    );
    return areaUnderRoc(positives, negatives);
  },
});

export const detectorVae = defineMetric({
  ...shared,
  id: 'detector-vae',
  label: 'Detectability (VAE)',
  summary: 'How well the error of an autoencoder tells the images from the clean ones; 0.5 is chance.',
  reference: 'Cao et al., IMPRESS (NeurIPS 2023): protected images are reproduced worse',
  protocol:
    'detector-vae@1: root mean square of D(E(x)) - x, posterior mean, at own size in windows of 512 px; area under the ' +
    'ROC curve, protected images assumed to be worse',
  needs: () => roleNeeds('vae-encoder', 'vae-decoder'),
  measure: async (images, references, _params, context) => {
    const errorsOf = async (set: ImageSet): Promise<number[]> => {
      const all: number[] = [];
      for (const each of set) all.push(await reproductionError(await each.load(), context));
      return all;
    };
    return areaUnderRoc(await errorsOf(images), await errorsOf(ownVersions(images, references)));
  },
});

/** The clean version of each image. */
const ownVersions = (images: ImageSet, references: ImageSet): ImageRef[] =>
  images.map(({ id }) => references.find((each) => each.id === id)!);

/** Statistics of the image minus its 3 x 3 median. */
function residualFeatures(image: Image): Float64Array {
  const { width, height } = image;
  const bytes = toBytes(image);
  const smooth = medianBytes(bytes, { width, height, channels: 3 }, 3);
  const planes = [0, 1, 2].map((c) =>
    Float64Array.from({ length: width * height }, (_, i) => bytes[3 * i + c]! - smooth[3 * i + c]!),
  );
  const perChannel = planes.flatMap((plane) => {
    const shifted = (dx: number, dy: number): number => correlation(plane, plane, width, dx, dy);
    const variance = moment(plane, 2);
    return [
      Math.log(variance + 0.01),
      moment(plane, 4) / (variance * variance + 0.01),
      shifted(1, 0),
      shifted(0, 1),
      shifted(1, 1),
    ];
  });
  const [red, green, blue] = planes as [Float64Array, Float64Array, Float64Array];
  const between = [correlation(red, green, width, 0, 0), correlation(green, blue, width, 0, 0)];
  return Float64Array.from([...perChannel, ...between]);
}

const moment = (plane: Float64Array, power: number): number => mean(plane.map((value) => value ** power));

/** The correlation of values with those `dx`, `dy` px away in another plane; 0 if either is constant. */
function correlation(a: Float64Array, b: Float64Array, width: number, dx: number, dy: number): number {
  let [product, ofA, ofB] = [0, 0, 0];
  for (let at = 0; at + dy * width + dx < a.length; at++) {
    if ((at % width) + dx >= width) continue;
    const [x, y] = [a[at]!, b[at + dy * width + dx]!];
    product += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return product === 0 ? 0 : product / Math.sqrt(ofA * ofB);
}

async function reproductionError(image: Image, context: PluginContext): Promise<number> {
  const encoder = await openRole(context, 'vae-encoder');
  const decoder = await openRole(context, 'vae-decoder');
  const { multiple = 8, size } = encoder.model.fill;
  const { data } = imageTensor(image);
  const options = {
    side: size ?? 512,
    overlap: size === undefined ? 64 : 0,
    multiple,
    fixed: size !== undefined,
  };
  const made = await inWindows(data, image, options, async (values, part) => {
    context.signal?.throwIfAborted();
    const { latent } = await encoder.run({
      image: tensor('float32', [1, 3, part.height, part.width], values),
    });
    return (await decoder.run({ latent })).image.data;
  });
  return Math.sqrt(made.reduce((sum, value, i) => sum + (value - data[i]!) ** 2, 0) / data.length);
}
