/** @file Two images as 8-bit pixels, for all pixel metrics. */
import { type Image, toBytes } from '../../image/image.ts';
import { differentSizes } from '../../messages/index.ts';

/** The saved pixels of two images of the same size. @throws IMAGE if the sizes differ */
export function pixelPair(metric: string, image: Image, reference: Image): readonly [Uint8Array, Uint8Array] {
  if (image.width !== reference.width || image.height !== reference.height) {
    throw differentSizes(metric, image, reference);
  }
  return [toBytes(image), toBytes(reference)];
}

/** Mean of (a - b)^2 over all values. */
export function meanSquaredError(a: Readonly<Uint8Array>, b: Readonly<Uint8Array>): number {
  let sum = 0; // of integers, exact
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum / a.length;
}
