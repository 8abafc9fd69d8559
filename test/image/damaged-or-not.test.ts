import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, encodeImage } from '../../src/image/codec.ts';
import type { Image } from '../../src/image/image.ts';
import { randomImage } from '../pictures.ts';
import { describeShared } from '../shared.ts';

const decode = (bytes: Uint8Array): Promise<Image> => decodeImage(bytes, { name: 'a picture' });
const largestDifference = (a: Image, b: Image): number =>
  a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!) * 255), 0);

/** Where the segments of a JPEG begin, up to the first scan. */
function segmentsOf(bytes: Uint8Array): number[] {
  const begins: number[] = [];
  for (let at = 2; ; at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!) {
    begins.push(at);
    if (bytes[at + 1] === 0xda) return begins;
  }
}

const insert = (bytes: Uint8Array, at: number, stray: readonly number[]): Uint8Array =>
  Buffer.concat([bytes.subarray(0, at), Uint8Array.from(stray), bytes.subarray(at)]);

describe('a JPEG with bytes between its segments', async () => {
  const { bytes } = await encodeImage(randomImage(48, 40), { format: 'jpeg', quality: 80 });
  const whole = await decode(bytes);
  const begins = segmentsOf(bytes).slice(1); // a file is known by FF D8 FF

  it.each([[[0, 0, 0]], [[1, 2, 3]], [[0xff, 0, 7]], [[0xff, 0xff]]])('%j is read whole', async (stray) => {
    for (const at of begins) {
      const found = await decode(insert(bytes, at, stray));
      expect(found.data).toEqual(whole.data);
    }
  });

  it('is read whole if it is progressive', async () => {
    const progressive = await sharp(bytes).jpeg({ progressive: true, quality: 90 }).toBuffer();
    const at = segmentsOf(progressive).at(-1)!;
    const [found, expected] = [await decode(insert(progressive, at, [9, 9])), await decode(progressive)];
    expect(found.data).toEqual(expected.data);
  });

  it('keeps its own bytes as the file', async () => {
    const stray = insert(bytes, begins[0]!, [5]);
    expect((await decode(stray)).file?.bytes).toEqual(stray);
  });

  it('is still refused if it is cut short or its data are damaged', async () => {
    const stray = insert(bytes, begins[0]!, [5]);
    await expect(decode(stray.subarray(0, stray.length - 40))).rejects.toThrow(/truncated or damaged/);
    const half = insert(bytes, bytes.length - 1000, [0xff, 0xd9]);
    await expect(decode(half)).rejects.toThrow(/truncated or damaged/);
  });
});

describe('an image of 16 bits with a profile', () => {
  it.each([
    ['grey', 1],
    ['grey with opacity', 2],
  ])('%s is converted like that of 8 bits', async (_, channels) => {
    const levels = Array.from({ length: 24 * 20 * channels }, (_, i) => (i * 37) % 256);
    const [narrow, wide] = [8, 16].map((bits) => greyTiff({ bits, channels, levels }));
    const [a, b] = [await decode(narrow!), await decode(wide!)];
    expect(largestDifference(a, b)).toBeLessThanOrEqual(1);
    expect(b.alpha === undefined).toBe(channels === 1);
    for (const [i, opacity] of (b.alpha ?? []).entries()) {
      expect(Math.abs(opacity - a.alpha![i]!)).toBeLessThanOrEqual(1);
    }
    const plain = await decode(
      await sharp(narrow!, { ignoreIcc: true }).toColourspace('b-w').png().toBuffer(),
    );
    expect(largestDifference(a, plain)).toBeGreaterThan(5); // so the profile matters
  });
});

describeShared('the profile of a grey image', ['cases', 'gray16_18.png'], (path) => {
  it('counts for 16 bits as for 8', async () => {
    const [wide, narrow] = await Promise.all(
      [path, join(path, '..', 'gray8_18.png')].map(async (file) => decode(await readFile(file))),
    );
    expect(largestDifference(wide!, narrow!)).toBeLessThanOrEqual(1);
  });
});

describeShared('bytes between two segments', ['cases', 'garbage_between.jpg'], (path) => {
  it('are skipped', async () => {
    expect(await decode(await readFile(path))).toMatchObject({ width: 96, height: 64 });
  });
});

/** An uncompressed TIFF of 24x20 px whose grey has the gamma 1.8. */
function greyTiff({
  bits,
  channels,
  levels,
}: {
  readonly bits: number;
  readonly channels: number;
  readonly levels: readonly number[];
}): Uint8Array {
  const data = Buffer.alloc((levels.length * bits) / 8);
  for (const [i, level] of levels.entries()) {
    if (bits === 8) data[i] = level;
    else data.writeUInt16LE(level * 257, 2 * i);
  }
  const icc = greyProfile();
  const entries = 11 + (channels === 2 ? 1 : 0);
  const iccAt = 10 + 12 * entries + 4;
  const file = Buffer.alloc(iccAt + icc.length + data.length);
  file.write('II*\0\x08\0\0\0', 'latin1');
  file.writeUInt16LE(entries, 8);
  const tags: [tag: number, type: 3 | 4 | 7, count: number, value: number][] = [
    [256, 3, 1, 24],
    [257, 3, 1, 20],
    [258, 3, channels, channels === 2 ? bits * 65537 : bits],
    [259, 3, 1, 1],
    [262, 3, 1, 1], // black is 0
    [273, 4, 1, iccAt + icc.length],
    [277, 3, 1, channels],
    [278, 3, 1, 20],
    [279, 4, 1, data.length],
    [284, 3, 1, 1],
    ...(channels === 2 ? ([[338, 3, 1, 2]] as [number, 3, number, number][]) : []), // opacity
    [34675, 7, icc.length, iccAt],
  ];
  for (const [i, [tag, type, count, value]] of tags.entries()) {
    const at = 10 + 12 * i;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    file.writeUInt32LE(value, at + 8);
  }
  icc.copy(file, iccAt);
  data.copy(file, iccAt + icc.length);
  return file;
}

/** An ICC profile of version 2 for grey of gamma 1.8. */
function greyProfile(): Buffer {
  const tags: [string, Buffer][] = [
    ['wtpt', Buffer.from('58595a20000000000000f6d6000100000000d32d', 'hex')],
    ['kTRC', Buffer.from('63757276000000000000000101cd0000', 'hex')], // one entry: the exponent, in 1/256
  ];
  const start = 128 + 4 + 12 * tags.length;
  const profile = Buffer.alloc(start + tags.reduce((sum, [, { length }]) => sum + length, 0));
  profile.writeUInt32BE(profile.length, 0);
  profile.write('\x02\x10\0\0mntrGRAYXYZ ', 8, 'latin1');
  profile.write('acsp', 36, 'latin1');
  profile.write('0000f6d6000100000000d32d', 68, 'hex');
  profile.writeUInt32BE(tags.length, 128);
  let at = start;
  for (const [i, [name, content]] of tags.entries()) {
    profile.write(name, 132 + 12 * i, 'latin1');
    profile.writeUInt32BE(at, 136 + 12 * i);
    profile.writeUInt32BE(content.length, 140 + 12 * i);
    at += content.copy(profile, at);
  }
  return profile;
}
