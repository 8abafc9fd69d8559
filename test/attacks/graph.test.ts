import { describe, expect, it } from 'vitest';
import { chainGraph } from '../../src/attacks/graph/chain.ts';
import { cotangentName, gradientGraph, gradientName } from '../../src/autodiff/gradient.ts';
import { noGraph } from '../../src/messages/index.ts';
import { imageTensor } from '../../src/models/pixels.ts';
import { fromNumbers, toFloat32 } from '../../src/onnx/tensor.ts';
import { drawsOf } from '../../src/plugin/transformation.ts';
import { seededRandom } from '../../src/random.ts';
import { openSession } from '../../src/runtime/session.ts';
import { compared, linksOf, picture } from './graph-fixture.ts';

// In grey levels. Float32 sums fall on the other side of a half now and then. In JPEG that is a coefficient of a block,
// which moves its 64 pixels, or 256 of chroma: small pictures differ more in the mean than large ones.
const attacksWithGraph: readonly (readonly [text: string, max: number, mean: number])[] = [
  ['identity', 0, 0],
  ['flip', 0, 0],
  ['flip(axis=vertical)', 0, 0],
  ['quantize', 0, 0],
  ['quantize(levels=7)', 0, 0],
  ['gaussian-noise', 0, 0],
  ['gaussian-blur', 0, 0],
  ['gaussian-blur(sigma=4)', 0, 0],
  ...['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'].flatMap((kernel) => [
    [`rescale(scale=0.5, kernel=${kernel})`, 1, 0.04] as const,
    [`crop-resize(fraction=0.3, kernel=${kernel})`, 1, 0.04] as const,
  ]),
  ['jpeg(quality=95)', 16, 0.8],
  ['jpeg(quality=75)', 16, 0.8],
  ['jpeg(quality=30)', 16, 0.8],
  ['jpeg(quality=75, subsampling=4:4:4)', 16, 0.8],
  ['median', 0, 0],
  ['median(size=5)', 0, 0],
  ['rotate', 1, 1e-3],
  ['rotate(angle=-40, back=false)', 1, 1e-3],
  ['screenshot', 1, 0.04],
  ['screenshot(ratio=1)', 0, 0],
  ['screenshot(zoom=0.6, ratio=1)', 1, 0.04],
  ['screenshot(zoom=0.15, ratio=2)', 1, 0.04],
  ['screenshot(ratio=2, format=jpeg)', 16, 0.8],
  ['platform', 16, 0.8],
  ['platform(host=pixelfed, uploads=2)', 16, 0.8],
  ['bilateral', 1, 1e-3],
  ['guided', 1, 1e-3],
  ['adverse-cleaner', 1, 0.02],
  ['adverse-cleaner(guidedCount=2)', 1, 0.02],
  ['adverse-cleaner(guided=false)', 1, 0.2],
];

describe('the graph of an attack', () => {
  for (const size of [
    { width: 61, height: 37 },
    { width: 16, height: 50 },
    { width: 5, height: 4 },
  ]) {
    it.each(attacksWithGraph)(
      `%s gives what the attack gives for ${size.width} x ${size.height} px, within %d grey levels, mean %d`,
      async (text, max, mean) => {
        const off = await compared(linksOf(text), size);
        expect(off.max).toBeLessThanOrEqual(max);
        expect(off.mean).toBeLessThanOrEqual(mean);
      },
    );
  }
});

describe('gradients through the graph of an attack', () => {
  const size = { width: 13, height: 10 };
  const area = 3 * size.width * size.height;

  /** The gradient of sum(weights * attacked) by the image. */
  async function gradient(text: string, weights: Float32Array): Promise<Float32Array> {
    const made = await chainGraph(linksOf(text), size);
    const wanted = gradientName('image');
    const graph = gradientGraph(made.model, { cotangent: ['attacked'], wrt: ['image'], outputs: [] });
    const session = await openSession(graph);
    try {
      const results = await session.run({
        image: imageTensor(picture(size)),
        [cotangentName('attacked')]: fromNumbers('float32', [1, 3, size.height, size.width], weights),
        ...drawsOf(made, seededRandom(2)),
      });
      return toFloat32(results[wanted]!);
    } finally {
      await session.close();
    }
  }

  const light = attacksWithGraph.map(([text]) =>
    text.replace('adverse-cleaner(', 'adverse-cleaner(bilateral=6, '),
  );
  it.each(light.filter((text) => text !== 'adverse-cleaner'))(
    '%s can be differentiated, and the gradient is finite',
    async (text) => {
      const random = seededRandom(9);
      const made = await gradient(
        text,
        Float32Array.from({ length: area }, () => random.normal()),
      );
      expect(made.every(Number.isFinite)).toBe(true);
      expect(made.some((value) => value !== 0)).toBe(true);
    },
  );

  it('passes unchanged through rounding, and ends where noise leaves the range', async () => {
    const ones = new Float32Array(area).fill(1);
    expect(await gradient('identity', ones)).toEqual(ones);
    expect(await gradient('quantize(levels=5)', ones)).toEqual(ones);
    const noisy = await gradient('gaussian-noise(sigma=100)', ones);
    expect([...new Set(noisy)].sort()).toEqual([0, 1]);
  });

  it('of an average is the average of gradients: blur and JPEG keep their sum', async () => {
    const ones = new Float32Array(area).fill(1);
    const sum = (values: Float32Array): number => values.reduce((a, b) => a + b);
    for (const text of ['gaussian-blur', 'rescale(kernel=bilinear)', 'guided', 'bilateral']) {
      expect(Math.abs(sum(await gradient(text, ones)) / area - 1)).toBeLessThan(0.1);
    }
  });
});

describe('a chain as one graph', () => {
  it('is what its links are one after the other, draws included', async () => {
    const text =
      'gaussian-noise(sigma=5) | rescale(scale=0.7) | gaussian-noise(sigma=9) | gaussian-blur | flip';
    expect(await compared(linksOf(text), { width: 33, height: 21 })).toEqual({ max: 0, mean: 0 });
  });

  it('takes a batch, with draws of its own for each picture', async () => {
    const size = { width: 12, height: 9 };
    const made = await chainGraph(linksOf('gaussian-noise'), size);
    const one = imageTensor(picture(size));
    const two = fromNumbers('float32', [2, 3, 9, 12], [...toFloat32(one), ...toFloat32(one)]);
    const session = await openSession(made.model);
    const { attacked } = await session.run({ image: two, ...drawsOf(made, seededRandom(4), 2) });
    await session.close();
    const values = toFloat32(attacked!);
    expect(attacked!.dims).toEqual([2, 3, 9, 12]);
    expect(values.slice(0, values.length / 2)).not.toEqual(values.slice(values.length / 2));
  });

  it('is refused by the name of the first link that has no graph', async () => {
    const size = { width: 8, height: 8 };
    await expect(chainGraph(linksOf('jpeg | wavelet | webp'), size)).rejects.toThrow(noGraph('wavelet'));
    for (const text of ['median(size=9)', 'platform(host=misskey)', 'screenshot(mode=browser)']) {
      await expect(chainGraph(linksOf(text), size)).rejects.toThrow(noGraph(text));
    }
  });
});
