import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readImage } from '../../src/image/codec.ts';
import { toBytes } from '../../src/image/image.ts';
import {
  RESAMPLE_KERNELS,
  type ResampleKernel,
  resize,
  resizeBytes,
  resizeFloats,
} from '../../src/image/resample.ts';
import { readNpy } from '../../src/onnx/npy.ts';
import { differenceTo, goldenCases } from '../golden.ts';
import { describeShared } from '../shared.ts';

it('large pictures, which several threads share, are resized as their halves are', () => {
  const [width, height] = [1300, 1000]; // more than a megapixel; a half is less
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i * 7 + (i >> 9)) & 255);
  const to = { width: 500, height };
  const half = { width, height: height / 2, channels: 3 };
  const halves = [0, pixels.length / 2].flatMap((from) =>
    Buffer.from(
      resizeBytes(
        pixels.subarray(from, from + pixels.length / 2),
        half,
        { ...to, height: height / 2 },
        'lanczos',
      ),
    ),
  );
  const whole = resizeBytes(pixels, { width, height, channels: 3 }, to, 'lanczos');
  expect(Buffer.compare(Buffer.from(whole), Buffer.concat(halves))).toBe(0);
});

describeShared('resampling against Pillow', ['golden', 'images'], (folder) => {
  for (const golden of goldenCases(folder, 'pil-resize-uint8')) {
    it(`equals Pillow exactly for ${golden.expected}`, async () => {
      const image = await readImage(join(folder, golden.input));
      const resized = resize(image, golden.width, golden.height, golden.filter as ResampleKernel);
      expect(await differenceTo(join(folder, golden.expected), toBytes(resized))).toEqual({
        max: 0,
        mean: 0,
      });
    });
  }

  for (const golden of goldenCases(folder, 'pil-resize-float')) {
    it(`equals Pillow's float path within 1e-3 for ${golden.expected}`, async () => {
      const image = await readImage(join(folder, golden.input));
      const pixels = Float32Array.from(toBytes(image));
      const to = { width: golden.width, height: golden.height };
      const resized = resizeFloats(pixels, { ...image, channels: 3 }, to, golden.filter as ResampleKernel);
      const expected = await readNpy(join(folder, golden.expected));
      expect(expected.dims).toEqual([golden.height, golden.width, 3]);
      const error = resized.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - Number(expected.data[i]))),
        0,
      );
      expect(error).toBeLessThan(1e-3);
    });
  }
});

const sides = fc.integer({ min: 1, max: 20 });
const kernels = fc.constantFrom(...RESAMPLE_KERNELS);

describe('resizing', () => {
  it('keeps a flat picture flat, at any size and with any kernel', () => {
    fc.assert(
      fc.property(
        sides,
        sides,
        sides,
        sides,
        kernels,
        fc.integer({ min: 0, max: 255 }),
        (w, h, width, height, kernel, v) => {
          const pixels = new Uint8Array(w * h).fill(v);
          const resized = resizeBytes(
            pixels,
            { width: w, height: h, channels: 1 },
            { width, height },
            kernel,
          );
          expect(resized).toEqual(new Uint8Array(width * height).fill(v));
        },
      ),
    );
  });

  it('turns with the picture: transposing before or after is the same in floats', () => {
    fc.assert(
      fc.property(
        sides,
        sides,
        sides,
        sides,
        kernels,
        fc.infiniteStream(fc.float({ min: 0, max: 1, noNaN: true })),
        (w, h, width, height, kernel, stream) => {
          const pixels = Float32Array.from({ length: w * h }, () => stream.next().value);
          const across = resizeFloats(
            pixels,
            { width: w, height: h, channels: 1 },
            { width, height },
            kernel,
          );
          const turned = resizeFloats(
            transposed(pixels, w),
            { width: h, height: w, channels: 1 },
            { width: height, height: width },
            kernel,
          );
          transposed(turned, height).forEach((value, i) => {
            expect(value).toBeCloseTo(across[i]!, 5);
          });
        },
      ),
    );
  });

  it('treats channels apart', () => {
    const grey = Uint8Array.from({ length: 35 }, (_, i) => (i * 37) % 256);
    const colour = Uint8Array.from({ length: 105 }, (_, i) => (i % 3 === 1 ? grey[Math.floor(i / 3)]! : 0));
    const to = { width: 11, height: 3 };
    const alone = resizeBytes(grey, { width: 5, height: 7, channels: 1 }, to, 'lanczos');
    const among = resizeBytes(colour, { width: 5, height: 7, channels: 3 }, to, 'lanczos');
    expect(among.filter((_, i) => i % 3 === 1)).toEqual(alone);
  });

  it('returns a copy where the size stays', () => {
    const pixels = Uint8Array.of(1, 2, 3, 4);
    const size = { width: 2, height: 2 };
    const copy = resizeBytes(pixels, { ...size, channels: 1 }, size, 'bicubic');
    expect(copy).toEqual(pixels);
    expect(copy).not.toBe(pixels);
  });

  it('resizes opacity on its own, so that colours under transparent pixels stay theirs', () => {
    const image = { width: 2, height: 1, data: new Float32Array(6).fill(1), alpha: Uint8Array.of(0, 255) };
    const resized = resize(image, 4, 1, 'bilinear');
    expect([...resized.data]).toEqual(new Array(12).fill(1));
    expect([...resized.alpha!]).toEqual([0, 64, 191, 255]);
  });
});

function transposed(pixels: Float32Array, width: number): Float32Array {
  const height = pixels.length / width;
  return Float32Array.from(pixels, (_, i) => pixels[(i % height) * width + Math.floor(i / height)]!);
}
