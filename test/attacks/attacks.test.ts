import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { applyChain } from '../../src/attacks/chain.ts';
import { attacks } from '../../src/attacks/index.ts';
import { decodeImage } from '../../src/image/codec.ts';
import { fromBytes, type Image, toBytes } from '../../src/image/image.ts';
import { imageTooSmall } from '../../src/messages/index.ts';
import { parseChain } from '../../src/plugin/call.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { resolveCall } from '../plugin/resolve-call.ts';
import { seededRandom } from '../../src/random.ts';
import { randomImage } from '../pictures.ts';
import { testDefinitions } from '../plugin/registries.ts';

const context = (seed = 7) => ({ random: seededRandom(seed) });
const attack = (text: string, image: Image, seed?: number): Promise<Image> => {
  const links = parseChain(text).map((call) => {
    const { plugin, params } = resolveCall('attack', attacks, call);
    return { attack: plugin, params };
  });
  return applyChain(links, image, context(seed));
};
const rootMeanSquare = (a: Image, b: Image): number =>
  Math.sqrt(a.data.reduce((sum, value, i) => sum + (255 * (value - b.data[i]!)) ** 2, 0) / a.data.length);

describe('every attack', () => {
  testDefinitions(attacks);

  const without = Object.values(attacks).filter(
    (attack) => attack.needs(parseParameters(attack, {})).length === 0 && attack.training === undefined,
  );
  const sizes = [
    [1, 1],
    [3, 50],
    [33, 20],
  ] as const;

  for (const { id, apply, params: schema, random, resizes, moves, strength } of without) {
    const params = schema.parse({});

    it(`${id} gives the same pixels for the same seed, in 0..1, and leaves its input alone`, async () => {
      const image = randomImage(33, 20);
      const before = image.data.slice();
      const first = await apply(image, params, context());
      const second = await apply(image, params, context());
      expect(image.data).toEqual(before);
      expect(second.data).toEqual(first.data);
      expect(first.data.every((value) => value >= 0 && value <= 1)).toBe(true);
    });

    it(`${id} ${random ? 'depends' : 'does not depend'} on the seed, as it declares`, async () => {
      const image = randomImage(33, 20);
      const [a, b] = [await apply(image, params, context(1)), await apply(image, params, context(2))];
      if (random) expect(a.data).not.toEqual(b.data);
      else expect(a.data).toEqual(b.data);
    });

    const opacity = moves === true ? 'moves opacity with the pixels' : 'keeps opacity as it is';
    it.each(sizes)(`${id} takes %i x %i pixels and ${opacity}`, async (width, height) => {
      const image = randomImage(width, height, { alpha: true });
      const attacked = await apply(image, params, context());
      expect(attacked.data.length).toBe(attacked.width * attacked.height * 3);
      expect(attacked.alpha).toHaveLength(attacked.width * attacked.height);
      if (resizes !== true) expect([attacked.width, attacked.height]).toEqual([width, height]);
      if (resizes === true || moves === true) return;
      expect(attacked.alpha).toEqual(image.alpha);
    });

    if (strength !== undefined) {
      it(`${id} has its axis of strength among its parameters`, () => {
        expect(Object.keys(schema.shape)).toContain(strength.parameter);
      });
    }
  }
});

describe('the strength of an attack', () => {
  it.each([
    ['jpeg(quality=90)', 'jpeg(quality=20)'],
    ['webp(quality=90)', 'webp(quality=20)'],
    ['avif(quality=90)', 'avif(quality=20)'],
    ['quantize(levels=64)', 'quantize(levels=4)'],
    ['rescale(scale=0.8)', 'rescale(scale=0.3)'],
    ['gaussian-blur(sigma=0.6)', 'gaussian-blur(sigma=2)'],
    ['median', 'median(size=7)'],
    ['gaussian-noise(sigma=2)', 'gaussian-noise(sigma=20)'],
    ['bilateral(sigmaColor=30)', 'bilateral(sigmaColor=200)'],
    ['non-local-means(h=20)', 'non-local-means(h=90)'],
    ['guided(eps=100)', 'guided(eps=5000)'],
    ['tv-denoise(weight=0.02)', 'tv-denoise(weight=0.3)'],
    ['platform(host=misskey)', 'platform(host=instagram, uploads=3)'],
    ['screen-photo(noise=0, tilt=0)', 'screen-photo(blur=4, noise=0, tilt=0)'],
  ])('%s changes less than %s', async (gentle, harsh) => {
    const image = randomImage(64, 64);
    const [a, b] = [await attack(gentle, image), await attack(harsh, image)];
    expect(rootMeanSquare(a, image)).toBeLessThan(rootMeanSquare(b, image));
  });
});

describe('encoders', () => {
  it.each(['jpeg', 'webp', 'avif'] as const)(
    '%s gives the file of which its pixels are the decoded ones',
    async (id) => {
      const attacked = await attack(`${id}(quality=40)`, randomImage(40, 30));
      expect(attacked.file!.format).toBe(id);
      const decoded = await decodeImage(attacked.file!.bytes, { name: id });
      expect(decoded.data).toEqual(attacked.data);
    },
  );

  it('jpeg subsamples chroma as told', async () => {
    for (const subsampling of ['4:4:4', '4:2:0']) {
      const { file } = await attack(`jpeg(subsampling=${subsampling})`, randomImage(16, 16));
      expect((await sharp(file!.bytes).metadata()).chromaSubsampling).toBe(subsampling);
    }
  });

  it('give no file where there is opacity, which it would not hold', async () => {
    expect((await attack('jpeg', randomImage(8, 8, { alpha: true }))).file).toBeUndefined();
  });
});

describe('geometry', () => {
  it('rescale does nothing at scale 1, crop-resize nothing at fraction 0', async () => {
    const image = randomImage(21, 13);
    for (const text of ['rescale(scale=1)', 'crop-resize(fraction=0)']) {
      expect(toBytes(await attack(text, image))).toEqual(toBytes(image));
    }
  });

  it('crop-resize enlarges the middle', async () => {
    const image = fromBytes(
      4,
      4,
      Uint8Array.from({ length: 48 }, (_, i) => ([5, 6, 9, 10].includes(Math.floor(i / 3)) ? 200 : 0)),
    );
    const attacked = await attack('crop-resize(fraction=0.5, kernel=nearest)', image);
    expect(toBytes(attacked)).toEqual(new Uint8Array(48).fill(200));
  });

  it('flip mirrors pixels and opacity, and twice changes nothing', async () => {
    const image = randomImage(3, 2, { alpha: true });
    const across = await attack('flip', image);
    expect([...across.alpha!]).toEqual([2, 1, 0, 5, 4, 3].map((i) => image.alpha![i]));
    expect([...toBytes(across).slice(0, 3)]).toEqual([...toBytes(image).slice(6, 9)]);
    const down = await attack('flip(axis=vertical)', image);
    expect([...down.alpha!]).toEqual([3, 4, 5, 0, 1, 2].map((i) => image.alpha![i]));
    expect(await attack('flip | flip(axis=vertical) | flip | flip(axis=vertical)', image)).toEqual(image);
  });

  it('rotate by right angles moves pixels and opacity exactly, and back brings them home', async () => {
    const image = randomImage(6, 6, { alpha: true });
    expect(await attack('rotate(angle=180, back=false)', image)).toEqual(
      await attack('flip | flip(axis=vertical)', image),
    );
    expect(toBytes(await attack('rotate(angle=90)', image))).toEqual(toBytes(image));
    const turned = await attack('rotate(angle=90, back=false)', image);
    expect([...toBytes(turned).slice(0, 3)]).toEqual([...toBytes(image).slice(15, 18)]);
  });

  it('platform shrinks to what the host keeps and never enlarges', async () => {
    const size = async (host: string, width: number, height: number) => {
      const {
        width: w,
        height: h,
        file,
      } = await attack(`platform(host=${host})`, randomImage(width, height));
      return [w, h, file!.format];
    };
    expect(await size('pixelfed', 1200, 30)).toEqual([1200, 30, 'jpeg']);
    expect(await size('pixelfed', 30, 1800)).toEqual([23, 1350, 'jpeg']);
    expect(await size('instagram', 1296, 40)).toEqual([1080, 33, 'jpeg']);
    expect(await size('misskey', 40, 4096)).toEqual([20, 2048, 'webp']);
    const tall = randomImage(1, 5000);
    await expect(attack('platform(host=instagram)', tall)).rejects.toThrow(
      imageTooSmall('platform(host=instagram)', tall, 'sides that stay 1 px or more'),
    );
  });

  it('a photo of a screen without tilt, noise and error of balance keeps colours, straightened by its corners', async () => {
    const half = fromBytes(
      40,
      30,
      Uint8Array.from({ length: 3600 }, (_, i) => ((i / 3) % 40 < 20 ? 40 : 200)),
    );
    const photo = await attack('screen-photo(tilt=0.05, blur=4, noise=0, balance=0)', half);
    const mean = (from: number, to: number): number => {
      const values = [...toBytes(photo)].filter((_, i) => (i / 3) % 40 >= from && (i / 3) % 40 < to);
      return values.reduce((a, b) => a + b) / values.length;
    };
    expect(Math.abs(mean(3, 17) - 40)).toBeLessThan(4);
    expect(Math.abs(mean(23, 37) - 200)).toBeLessThan(8);
  });

  it('refuses to shrink a side to nothing', async () => {
    const image = randomImage(3, 50);
    const what = 'sides that stay 1 px or more';
    await expect(attack('rescale(scale=0.1)', image)).rejects.toThrow(
      imageTooSmall('rescale(scale=0.1)', image, what),
    );
    await expect(attack('crop-resize(fraction=0.9)', image)).rejects.toThrow(
      imageTooSmall('crop-resize(fraction=0.9)', image, what),
    );
  });
});

describe('adverse-cleaner', () => {
  const grey = (value: (x: number, y: number) => number): Image =>
    fromBytes(
      24,
      17,
      Uint8Array.from({ length: 24 * 17 * 3 }, (_, i) => value(Math.floor(i / 3) % 24, Math.floor(i / 72))),
    );
  const spread = (image: Image): number =>
    rootMeanSquare(
      image,
      grey(() => 128),
    );

  it('leaves one colour as it is', async () => {
    const flat = grey(() => 77);
    expect(toBytes(await attack('adverse-cleaner', flat))).toEqual(toBytes(flat));
  });

  it('leaves a single white pixel on black: salt is not what it removes', async () => {
    const salt = grey((x, y) => (x === 9 && y === 8 ? 255 : 0));
    expect(toBytes(await attack('adverse-cleaner(guided=false)', salt))).toEqual(toBytes(salt));
  });

  it('keeps an edge of 40 grey levels, and flattens noise of a few around it', async () => {
    const random = seededRandom(3);
    const noisy = grey(() => 128 + random.int(9) - 4);
    expect(spread(await attack('adverse-cleaner', noisy))).toBeLessThan(0.5 * spread(noisy));
    const edge = await attack(
      'adverse-cleaner(guided=false)',
      grey((x) => (x < 12 ? 100 : 140)),
    );
    expect([...toBytes(edge)].filter((value) => value === 100).length).toBe(12 * 17 * 3);
  });

  it('treats a mirrored picture as the mirror image: borders are alike', async () => {
    const image = randomImage(24, 17);
    const mirror = ({ data, ...rest }: Image): Image => ({
      ...rest,
      data: data.map(
        (_, i) => data[(Math.floor(i / 72) * 24 + 23 - (Math.floor(i / 3) % 24)) * 3 + (i % 3)]!,
      ),
    });
    const [a, b] = [
      await attack('adverse-cleaner', image),
      mirror(await attack('adverse-cleaner', mirror(image))),
    ];
    expect(Math.max(...a.data.map((value, i) => Math.abs(value - b.data[i]!)))).toBeLessThan(1.5 / 255);
  });

  it.each([
    ['adverse-cleaner(sigmaColor=-1)', 'adverse-cleaner.sigmaColor'],
    ['gaussian-blur(sigma=-1)', 'gaussian-blur.sigma'],
    ['gaussian-noise(sigma=-0.5)', 'gaussian-noise.sigma'],
    ['rotate(angle=270)', 'rotate.angle'],
    ['platform(host=elsewhere)', 'platform.host'],
    ['jpeg | tv-denoise(weight=0)', 'tv-denoise.weight'],
    ['bilateral(diameter=1)', 'bilateral.diameter'],
    ['guided(radius=0)', 'guided.radius'],
    ['non-local-means(template=4)', 'non-local-means.template'],
  ])('refuses %s and names %s', async (text, field) => {
    await expect(async () => attack(text, randomImage(8, 8))).rejects.toThrow(`for ${field} but received`);
  });
});

describe('quantize', () => {
  it('leaves the levels that were asked for, evenly spaced, and nothing to do at 256', async () => {
    const image = randomImage(40, 30);
    expect([...new Set(toBytes(await attack('quantize(levels=4)', image)))].sort((a, b) => a - b)).toEqual([
      0, 85, 170, 255,
    ]);
    expect(toBytes(await attack('quantize(levels=256)', image))).toEqual(toBytes(image));
  });
});

describe('gaussian-noise', () => {
  it('has the spread that was asked for', async () => {
    const grey = fromBytes(128, 128, new Uint8Array(128 * 128 * 3).fill(128));
    const noisy = await attack('gaussian-noise(sigma=10)', grey);
    // Rounding to 8 bits adds a variance of 1/12; the standard error of the spread is 10 / sqrt(2 n) = 0.03.
    expect(Math.abs(rootMeanSquare(noisy, grey) - Math.sqrt(100 + 1 / 12))).toBeLessThan(0.15);
  });
});

describe('a chain', () => {
  it('applies its links from left to right', async () => {
    const image = randomImage(24, 24);
    const jpeg = await attacks.jpeg.apply(image, parseParameters(attacks.jpeg, { quality: 30 }), context());
    const both = await attacks.median.apply(jpeg, parseParameters(attacks.median, {}), context());
    expect((await attack('jpeg(quality=30) | median', image)).data).toEqual(both.data);
    expect((await attack('median | jpeg(quality=30)', image)).data).not.toEqual(both.data);
  });

  it('draws for each link from a stream of its own', async () => {
    const image = randomImage(24, 24);
    const grey = fromBytes(24, 24, new Uint8Array(24 * 24 * 3).fill(128));
    const [one, two] = [
      await attack('gaussian-noise', grey),
      await attack('gaussian-noise | gaussian-noise', grey),
    ];
    const [first, both] = [one.data.map((v) => v - 128 / 255), two.data.map((v) => v - 128 / 255)];
    expect(both).not.toEqual(first.map((v) => 2 * v));
    // What a link draws does not depend on what links before it drew.
    const after = await attack('gaussian-noise(sigma=0) | gaussian-noise', image);
    expect((await attack('identity | gaussian-noise', image)).data).toEqual(after.data);
  });

  it('reports the progress of the whole and stops where it is told to', async () => {
    const seen: number[] = [];
    const slow = {
      ...attacks.identity,
      apply: async (image: Image, _: unknown, { onProgress }: { onProgress?: (f: number) => void }) => {
        onProgress?.(0.5);
        return image;
      },
    };
    const links = [slow, slow].map((one) => ({ attack: one, params: {} }));
    await applyChain(links, randomImage(2, 2), {
      ...context(),
      onProgress: (fraction) => seen.push(fraction),
    });
    expect(seen).toEqual([0.25, 0.75]);
    await expect(
      applyChain(links, randomImage(2, 2), { ...context(), signal: AbortSignal.abort() }),
    ).rejects.toThrow();
  });
});
