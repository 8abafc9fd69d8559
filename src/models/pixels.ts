/** @file Images as the tensors that models take: from interleaved HWC to planar NCHW, both 0..1. */
import type { Image } from '../image/image.ts';
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
