/**
 * @file Uploading to an image host: shrunk to its largest size and saved in its format.
 *
 * Limits and qualities come from the source code or the help pages of the hosts. A value that was not found there is marked as
 * an assumption. Hosts change: the date says when a value was true. All are assumed to shrink by Lanczos, and to receive an
 * image that is not a lossless file.
 */
import { z } from 'zod';
import type { Image, Size } from '../../image/image.ts';
import { atSize } from '../../image/resample.ts';
import { imageTooSmall, noGraph } from '../../messages/index.ts';
import { defineAttack } from '../define.ts';
import { reencode } from '../parts/encode.ts';
import { jpegGraph } from '../graph/jpeg.ts';
import { resized } from '../graph/resize.ts';

interface Host {
  /** The largest width and height, for a size; larger images are shrunk to fit. */
  readonly within: (size: Size) => Size;
  readonly format: 'jpeg' | 'webp';
  readonly quality: number;
  readonly source: string;
  /** What is not published anywhere. */
  readonly assumed?: string;
}

const box = (width: number, height: number) => (): Size => ({ width, height });

/** Sides of the same ratio with at most `pixels` in all. */
const area =
  (pixels: number) =>
  (size: Size): Size => {
    const scale = Math.sqrt(pixels / (size.width * size.height));
    return { width: Math.floor(size.width * scale), height: Math.floor(size.height * scale) };
  };

const HOSTS = {
  mastodon: {
    within: area(3840 * 2160),
    format: 'jpeg',
    quality: 90,
    source: 'Mastodon 4.2 (2023), app/models/media_attachment.rb: 8.3 megapixels, -quality 90',
  },
  misskey: {
    within: box(2048, 2048),
    format: 'webp',
    quality: 85,
    source: 'Misskey 2023, ImageProcessingService.ts: WebP at 85',
    assumed: 'the size',
  },
  pixelfed: {
    within: ({ width, height }) =>
      width === height
        ? { width: 1080, height: 1080 }
        : width > height
          ? { width: 1920, height: 1080 }
          : { width: 1080, height: 1350 },
    format: 'jpeg',
    quality: 80,
    source: 'Pixelfed 0.12 (2025), app/Util/Media/Image.php: 1920 x 1080, 1080 x 1350, 1080 x 1080 px',
    assumed: 'the quality',
  },
  instagram: {
    within: box(1080, 1350),
    format: 'jpeg',
    quality: 75,
    source: 'pages that quote Instagram’s help on image resolution (2023): at most 1080 px wide, 4:5',
    assumed: 'the quality, and fitting inside instead of cropping to 4:5',
  },
  facebook: {
    within: box(2048, 2048),
    format: 'jpeg',
    quality: 75,
    source: 'pages that quote Facebook’s help on photos of high quality (to 2023): at most 2048 px',
    assumed: 'the quality',
  },
} as const satisfies Readonly<Record<string, Host>>;

const names = Object.keys(HOSTS) as (keyof typeof HOSTS)[];

const described = names
  .map((name) => {
    const host: Host = HOSTS[name];
    return `${name}: ${host.source}${host.assumed === undefined ? '' : ` (assumed: ${host.assumed})`}`;
  })
  .join('; ');

export const platform = defineAttack({
  id: 'platform',
  version: 1,
  label: 'Platform',
  summary: 'Shrinks the image to the size limit of an image host and saves it as the host does.',
  reference: described,
  params: z.strictObject({
    host: z.enum(names).default('mastodon').describe('image host'),
    uploads: z
      .int()
      .min(1)
      .max(10)
      .default(1)
      .describe('number of times the image is uploaded and downloaded'),
  }),
  needs: () => [],
  random: false,
  resizes: true,
  apply: async (image, { host, uploads }) => {
    const { within, format, quality }: Host = HOSTS[host];
    let current = image;
    for (let i = 0; i < uploads; i++) {
      const shrunk = shrunkInto(current, within(current), host);
      const options =
        format === 'jpeg'
          ? ({ format, quality, subsampling: '4:2:0' } as const)
          : ({ format, quality } as const);
      current = await reencode(shrunk, options);
    }
    return current;
  },
  graph: (picture, { host, uploads }, scope) => {
    const { within, format, quality }: Host = HOSTS[host];
    if (format !== 'jpeg') throw noGraph(`platform(host=${host})`);
    let current = picture;
    for (let i = 0; i < uploads; i++) {
      const size = sizeWithin(current, within(current), host);
      const same = size.width === current.width && size.height === current.height;
      const shrunk = same ? current : resized(scope, current, size, 'lanczos');
      current = jpegGraph(scope, shrunk, { quality, subsampling: '4:2:0' });
    }
    return current;
  },
});

function shrunkInto(image: Image, within: Size, host: string): Image {
  return atSize(image, sizeWithin(image, within, host), 'lanczos');
}

/** The sides, shrunk to fit. @throws IMAGE if nothing is left of one */
function sizeWithin(image: Size, within: Size, host: string): Size {
  const scale = Math.min(1, within.width / image.width, within.height / image.height);
  const size = { width: Math.round(image.width * scale), height: Math.round(image.height * scale) };
  if (size.width === 0 || size.height === 0) {
    throw imageTooSmall(`platform(host=${host})`, image, 'sides that stay 1 px or more');
  }
  return size;
}
