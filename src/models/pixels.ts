/** @file Images as the tensors that models take, and back: interleaved HWC and planar NCHW, both 0..1. */
import { type Image, withPixels } from '../image/image.ts';
import { type TensorOf, tensor } from '../onnx/tensor.ts';

/** [1, 3, height, width] of 0..1. */
export function imageTensor({ width, height, data }: Image): TensorOf<'float32'> {
  const area = width * height;
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    planes[i] = data[3 * i]!;
    planes[area + i] = data[3 * i + 1]!;
    planes[2 * area + i] = data[3 * i + 2]!;
  }
  return tensor('float32', [1, 3, height, width], planes);
}

/** `image` with other pixels, given as planes [3, height, width] of 0..1. */
export function withPlanes(image: Image, planes: Float32Array): Image {
  const area = image.width * image.height;
  const data = new Float32Array(3 * area);
  for (let i = 0; i < area; i++) {
    data[3 * i] = planes[i]!;
    data[3 * i + 1] = planes[area + i]!;
    data[3 * i + 2] = planes[2 * area + i]!;
  }
  return withPixels(image, data);
}
