import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage, encodeImage, readImage, writeImage } from '../../src/image/codec.ts';
import { type Image, type ImageFormat, toBytes } from '../../src/image/image.ts';
import {
  animatedImage,
  emptyImage,
  imageTooLarge,
  notAnImage,
  unknownExtension,
  unreadableFile,
  unsupportedDepth,
} from '../../src/messages/index.ts';
import { animatedPng, floatTiff, pngHeader, randomImage } from '../pictures.ts';

const name = 'a picture';
const decode = (bytes: Uint8Array): Promise<Image> => decodeImage(bytes, { name });
const rawOf = ({ width, height }: Image) => ({ raw: { width, height, channels: 3 as const } });
const asSharp = (image: Image) => sharp(toBytes(image), rawOf(image));
const largestDifference = (a: Image, b: Image): number =>
  toBytes(a).reduce((most, value, i) => Math.max(most, Math.abs(value - toBytes(b)[i]!)), 0);

describe('decoding and encoding', () => {
  it.each(['png', 'webp', 'avif', 'tiff'] as const)(
    'keeps every pixel of a %s, opacity and the colours under transparent pixels included',
    async (format) => {
      const image = randomImage(31, 17, { alpha: true });
      const decoded = await decode((await encodeImage(image, { format })).bytes);
      expect(toBytes(decoded)).toEqual(toBytes(image));
      expect(decoded.alpha).toEqual(image.alpha);
    },
  );

  it.each([
    [1, 1],
    [3, 500],
    [257, 2],
  ])('takes pictures of %i x %i', async (width, height) => {
    const image = randomImage(width, height);
    const decoded = await decode((await encodeImage(image, { format: 'png' })).bytes);
    expect(decoded).toMatchObject({ width, height, data: image.data });
  });

  it('writes the same bytes every time', async () => {
    const image = randomImage(64, 64);
    for (const format of ['png', 'jpeg', 'webp', 'tiff'] as const) {
      const [a, b] = [await encodeImage(image, { format }), await encodeImage(image, { format })];
      expect(Buffer.compare(a.bytes, b.bytes)).toBe(0);
    }
  });

  it('hands out the file that the pixels came from', async () => {
    const { bytes } = await encodeImage(randomImage(4, 4), { format: 'jpeg', quality: 50 });
    expect((await decode(bytes)).file).toEqual({ format: 'jpeg', bytes });
  });

  it('leaves opacity out of a JPEG and nothing else', async () => {
    const image = randomImage(16, 16, { alpha: true });
    const { bytes } = await encodeImage(image, { format: 'jpeg', quality: 90 });
    const opaque = await encodeImage(
      { ...image, alpha: new Uint8Array(256).fill(255) },
      { format: 'jpeg', quality: 90 },
    );
    expect(Buffer.compare(bytes, opaque.bytes)).toBe(0);
  });

  it('turns a picture the way its EXIF orientation says', async () => {
    // Where pixel (x, y) of the upright picture of w x h stands in the file, by orientation.
    const stored: Record<number, (x: number, y: number, w: number, h: number) => [number, number]> = {
      1: (x, y) => [x, y],
      2: (x, y, w) => [w - 1 - x, y],
      3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
      4: (x, y, _w, h) => [x, h - 1 - y],
      5: (x, y) => [y, x],
      6: (x, y, w) => [y, w - 1 - x],
      7: (x, y, w, h) => [h - 1 - y, w - 1 - x],
      8: (x, y, _w, h) => [h - 1 - y, x],
    };
    const file = randomImage(5, 3);
    for (let orientation = 1; orientation <= 8; orientation++) {
      const bytes = await asSharp(file).withMetadata({ orientation }).png().toBuffer();
      const upright = await decode(bytes);
      const [width, height] = orientation < 5 ? [5, 3] : [3, 5];
      expect([orientation, upright.width, upright.height]).toEqual([orientation, width, height]);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const [fx, fy] = stored[orientation]!(x, y, width, height);
          expect(upright.data[(y * width + x) * 3]).toBe(file.data[(fy * 5 + fx) * 3]);
        }
      }
    }
  });
});

describe('colour', () => {
  it('converts an embedded profile to sRGB', async () => {
    const pastel = randomImage(32, 32);
    const image = { ...pastel, data: pastel.data.map((value) => 0.4 + 0.3 * value) };
    const wide = await asSharp(image).withIccProfile('p3').png().toBuffer();
    const stored = await sharp(wide, { ignoreIcc: true }).raw().toBuffer();
    expect(Buffer.compare(stored, Buffer.from(toBytes(image)))).not.toBe(0);
    expect(largestDifference(await decode(wide), image)).toBeLessThanOrEqual(1);
  });

  it('leaves pixels with an sRGB profile exactly as they are', async () => {
    const image = randomImage(32, 32);
    const tagged = await asSharp(image).withIccProfile('srgb').png().toBuffer();
    expect((await sharp(tagged).metadata()).hasProfile).toBe(true);
    expect(toBytes(await decode(tagged))).toEqual(toBytes(image));
  });

  it('applies a profile to 16-bit pixels as it does to 8-bit ones', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'craquelure-'));
    const image = randomImage(16, 16);
    const wide = await asSharp(image).withIccProfile('p3').png().toBuffer();
    const profile = join(folder, 'p3.icc');
    await writeFile(profile, (await sharp(wide).metadata()).icc!);
    const stored = Uint16Array.from(
      await sharp(wide, { ignoreIcc: true }).raw().toBuffer(),
      (value) => value * 257,
    );
    const deep = await sharp(stored, { raw: rawOf(image).raw })
      .toColourspace('rgb16')
      .withIccProfile(profile, { attach: true })
      .png()
      .toBuffer();
    expect(await sharp(deep).metadata()).toMatchObject({ depth: 'ushort', hasProfile: true });
    expect(toBytes(await decode(deep))).toEqual(toBytes(await decode(wide)));
    await rm(folder, { recursive: true });
  });

  it('keeps the precision of a 16-bit grey PNG', async () => {
    const values = Uint16Array.from({ length: 100 }, (_, i) => i * 661);
    const grey = await sharp(values, { raw: { width: 10, height: 10, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect(await sharp(grey).metadata()).toMatchObject({ depth: 'ushort', channels: 1 });
    const { data } = await decode(grey);
    expect(data).toEqual(Float32Array.from({ length: 300 }, (_, i) => values[Math.floor(i / 3)]! / 65535));
  });

  it('rounds 16-bit opacity to 8 bits', async () => {
    const values = Uint16Array.of(0, 0, 0, 0, 9, 9, 9, 32768, 0, 0, 0, 65535);
    const rgba = await sharp(values, { raw: { width: 3, height: 1, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await decode(rgba)).alpha).toEqual(Uint8Array.of(0, 128, 255));
  });

  it('reads a palette PNG with opacity', async () => {
    const rgba = Buffer.from([255, 0, 0, 255, 0, 0, 255, 0, 255, 0, 0, 255, 0, 255, 0, 128]);
    const png = await sharp(rgba, { raw: { width: 2, height: 2, channels: 4 } })
      .png({ palette: true, dither: 0, quality: 100 })
      .toBuffer();
    expect((await sharp(png).metadata()).isPalette).toBe(true);
    const image = await decode(png);
    expect([...image.alpha!]).toEqual([255, 0, 255, 128]);
    expect([...toBytes(image).subarray(0, 3)]).toEqual([255, 0, 0]);
    expect([...toBytes(image).subarray(9)]).toEqual([0, 255, 0]);
  });

  it('reads grey pictures, and grey with opacity, as RGB', async () => {
    const grey = await sharp(Buffer.of(0, 100, 200, 255), { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    expect([...toBytes(await decode(grey))]).toEqual([0, 100, 200, 255].flatMap((v) => [v, v, v]));

    const translucent = await sharp(Buffer.of(50, 0, 60, 90), { raw: { width: 2, height: 1, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const image = await decode(translucent);
    expect([...toBytes(image)]).toEqual([50, 50, 50, 60, 60, 60]);
    expect([...image.alpha!]).toEqual([0, 90]);
  });

  it('converts a CMYK JPEG', async () => {
    const flat = { width: 8, height: 8, data: new Float32Array(192).map((_, i) => [0.6, 0.5, 0.4][i % 3]!) };
    const cmyk = await asSharp(flat).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const image = await decode(cmyk);
    expect(image.data.length).toBe(192);
    expect(largestDifference(image, flat)).toBeLessThan(12); // levels; ink profiles are coarse
  });
});

describe('pictures that cannot be used', () => {
  const failure = (bytes: Uint8Array): Promise<string> =>
    decode(bytes).then(
      () => 'decoded',
      (error: Error) => error.message,
    );
  const encoded = async (format: ImageFormat) => (await encodeImage(randomImage(64, 64), { format })).bytes;
  const frames = async () => {
    const stills = [randomImage(8, 8), randomImage(8, 8, { seed: 1 })];
    const pngs = await Promise.all(stills.map((image) => encodeImage(image, { format: 'png' })));
    return sharp(
      pngs.map(({ bytes }) => bytes),
      { join: { animated: true } },
    );
  };

  it('an empty file', async () => {
    expect(await failure(new Uint8Array())).toBe(emptyImage(name).message);
  });

  it('a file of another kind, even one that sharp would draw', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>';
    for (const text of ['hello', '\x89PNX', svg]) {
      expect(await failure(Buffer.from(text, 'latin1'))).toBe(notAnImage(name).message);
    }
  });

  it.each(['png', 'jpeg', 'webp', 'avif', 'tiff'] as const)('a %s cut short anywhere', async (format) => {
    const bytes = await encoded(format);
    for (const part of [0.05, 0.3, 0.7]) {
      const message = await failure(bytes.subarray(0, Math.round(bytes.length * part)));
      expect(message).toMatch(/^Cannot use image 'a picture': the file is truncated or damaged \(.+\)/);
      expect(message).not.toContain('\n');
    }
  });

  it('an animated WebP, GIF or PNG, and a TIFF of several pages', async () => {
    expect(await failure(await (await frames()).webp().toBuffer())).toBe(
      animatedImage(name, 2, 'frames').message,
    );
    expect(await failure(await (await frames()).gif().toBuffer())).toBe(
      animatedImage(name, 2, 'frames').message,
    );
    expect(await failure(await (await frames()).tiff().toBuffer())).toBe(
      animatedImage(name, 2, 'pages').message,
    );
    const apng = animatedPng(await encoded('png'), 3);
    expect(await failure(apng)).toBe(animatedImage(name, 3, 'frames').message);
  });

  it('but a GIF of one frame is read', async () => {
    const gif = await asSharp(randomImage(8, 8)).gif().toBuffer();
    expect(await decode(gif)).toMatchObject({ width: 8, height: 8 });
  });

  it('a picture over the limit, by its header alone', async () => {
    const huge = pngHeader(20_000, 20_000); // there are no pixels to decode
    const error = imageTooLarge(name, { width: 20_000, height: 20_000 }, 100e6);
    expect(await failure(huge)).toBe(error.message);
    expect(error.message).toContain('--max-pixels 400000000');
    await expect(decodeImage(huge, { name, maxPixels: 1e9 })).rejects.toThrow('truncated or damaged');
    const { bytes } = await encodeImage(randomImage(10, 10), { format: 'png' });
    await expect(decodeImage(bytes, { name, maxPixels: 99 })).rejects.toThrow(
      imageTooLarge(name, { width: 10, height: 10 }, 99),
    );
    await expect(decodeImage(bytes, { name, maxPixels: 100 })).resolves.toBeDefined();
  });

  it('floating-point samples, whose white nobody knows', async () => {
    expect(await failure(floatTiff)).toBe(unsupportedDepth(name, 'float').message);
  });
});

describe('files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'craquelure-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are written in the format of their extension, under a temporary name first', async () => {
    const image = randomImage(9, 9);
    for (const [extension, format] of [
      ['png', 'png'],
      ['JPG', 'jpeg'],
      ['webp', 'webp'],
      ['avif', 'avif'],
      ['tif', 'tiff'],
    ]) {
      const path = join(folder, `a.${extension}`);
      await writeImage(path, image);
      expect((await readImage(path)).file!.format).toBe(format);
    }
    expect((await readdir(folder)).filter((file) => file.endsWith('.tmp'))).toEqual([]);
  });

  it('are written unchanged where the image still is what was decoded', async () => {
    const { bytes } = await encodeImage(randomImage(9, 9), { format: 'jpeg', quality: 20 });
    const path = join(folder, 'same.jpg');
    await writeImage(path, await decode(bytes));
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
  });

  it('that cannot be written leave nothing behind', async () => {
    const path = join(folder, 'no-such-folder', 'a.png');
    await expect(writeImage(path, randomImage(2, 2))).rejects.toThrow(`Cannot write image '${path}'`);
    const bmp = join(folder, 'a.bmp');
    await expect(writeImage(bmp, randomImage(2, 2))).rejects.toThrow(unknownExtension(bmp));
  });

  it('that are missing, or are folders, are named', async () => {
    const missing = join(folder, 'missing.png');
    await expect(readImage(missing)).rejects.toThrow(
      unreadableFile(missing, { code: 'ENOENT' }).message.slice(0, 20),
    );
    await expect(readImage(missing)).rejects.toThrow('there is no such file');
    await expect(readImage(folder)).rejects.toThrow('it is a folder');
  });
});
