/**
 * @file A screenshot: the picture as a browser shows it, captured and cropped back to the picture.
 *
 * At ratio 1, zoom 1, native layout and PNG a capture holds exactly the pixels of the picture: what changes them is
 * scaling (high-density screens, zoom, a window smaller than the picture) and saving as JPEG. The capture is brought
 * back to the picture's size, since a pipeline that trains on it would resize it too.
 */
import { z } from 'zod';
import { decodeImage, encodeImage } from '../../image/codec.ts';
import { fromBytes, type Image, type Size, toBytes } from '../../image/image.ts';
import { resizeBytes } from '../../image/resample.ts';
import { type Drawn, shownByBrowser } from '../../image/screen.ts';
import { imageTooSmall, noGraph, screenshotTooLarge } from '../../messages/index.ts';
import { browserVersion, capture, type View } from '../parts/browser.ts';
import { defineAttack } from '../define.ts';
import { reencode } from '../parts/encode.ts';
import { jpegGraph } from '../graph/jpeg.ts';
import { resized } from '../graph/resize.ts';
import { shownGraph } from '../graph/screen.ts';
import { kernelParameter } from '../parts/resampling.ts';

/** Sides above this are more than Chromium's compositor captures in one piece, in device px. */
const LARGEST_SIDE = 16384;

const params = z.strictObject({
  mode: z
    .enum(['simulated', 'browser'])
    .default('simulated')
    .describe('a model of the scaling and encoding, or the Chromium of this machine'),
  ratio: z.number().min(0.5).max(4).default(1.25).describe('device pixels per CSS px'),
  zoom: z.number().min(0.1).max(5).default(1).describe('CSS zoom of the page'),
  layout: z
    .enum(['native', 'fit-to-window'])
    .default('native')
    .describe('a CSS px per pixel, or shrunk to fit into the window'),
  windowWidth: z.number().int().min(100).max(8192).default(1280).describe('of the window in CSS px'),
  windowHeight: z.number().int().min(100).max(8192).default(720).describe('of the window in CSS px'),
  format: z.enum(['png', 'jpeg']).default('png').describe('of the capture'),
  quality: z.number().int().min(1).max(100).default(85).describe('of a JPEG capture'),
  kernel: kernelParameter('lanczos'),
});

export const screenshot = defineAttack({
  id: 'screenshot',
  version: 1,
  label: 'Screenshot',
  summary: 'Shows the picture on a screen, captures it and scales the capture back to its size.',
  reference: 'Chromium (Skia, bilinear from a halved copy); its own capture with mode=browser',
  params,
  needs: () => [],
  random: false,
  programs: async ({ mode }) => {
    const browser = mode === 'browser' ? await browserVersion() : undefined;
    return browser === undefined ? {} : { browser };
  },
  apply: async (image, settings) => {
    const view = viewOf(image, settings);
    const drawn = drawnOf(image, view);
    const { width, height } = drawn.pixels;
    const shown = settings.mode === 'browser' ? browse(image, view, drawn) : simulate(image, view, drawn);
    const pixels = resizeBytes(await shown, { width, height, channels: 3 }, image, settings.kernel);
    return fromBytes(image.width, image.height, pixels, image.alpha);
  },
  graph: (picture, settings, scope) => {
    if (settings.mode === 'browser') throw noGraph('screenshot(mode=browser)');
    const { jpegQuality: quality, ...view } = viewOf(picture, settings);
    const shown = shownGraph(scope, picture, drawnOf(picture, view));
    const saved = quality === undefined ? shown : jpegGraph(scope, shown, { quality, subsampling: '4:2:0' });
    return resized(scope, saved, picture, settings.kernel);
  },
});

function viewOf(image: Size, settings: z.infer<typeof params>): View {
  const { layout, windowWidth, windowHeight, zoom, ratio } = settings;
  const share =
    layout === 'native'
      ? 1
      : Math.min(1, windowWidth / image.width / zoom, windowHeight / image.height / zoom);
  const shown = { width: image.width * share, height: image.height * share };
  return {
    shown,
    // A window that shows less than the whole picture would be scrolled and stitched: the same as a larger one.
    window: {
      width: Math.max(windowWidth, Math.ceil(shown.width * zoom)),
      height: Math.max(windowHeight, Math.ceil(shown.height * zoom)),
    },
    zoom,
    devicePixelRatio: ratio,
    ...(settings.format === 'jpeg' && { jpegQuality: settings.quality }),
  };
}

/**
 * The browser snaps a picture's edges to whole zoomed CSS px; of device px those half covered are cropped off.
 * @throws IMAGE where nothing is left, or too much to capture.
 */
function drawnOf(image: Size, { shown, zoom, devicePixelRatio }: View): Drawn {
  const covered = {
    width: Math.round(shown.width * zoom) * devicePixelRatio,
    height: Math.round(shown.height * zoom) * devicePixelRatio,
  };
  const whole = (side: number) => Math.floor(side + 1e-6); // products such as 211 x 1.1 fall short by rounding
  const pixels = { width: whole(covered.width), height: whole(covered.height) };
  if (pixels.width === 0 || pixels.height === 0) {
    throw imageTooSmall('screenshot', image, 'sides that stay 1 px or more');
  }
  if (Math.max(pixels.width, pixels.height) > LARGEST_SIDE) throw screenshotTooLarge(pixels, LARGEST_SIDE);
  return { covered, pixels };
}

async function browse(
  { width, height, data }: Image,
  view: View,
  { pixels: device }: Drawn,
): Promise<Uint8Array> {
  const file = await encodeImage({ width, height, data }, { format: 'png', compressionLevel: 0 });
  const bytes = await capture(file, view);
  const page = await decodeImage(bytes, { name: 'capture', maxPixels: Number.POSITIVE_INFINITY });
  const pixels = toBytes(page);
  const line = device.width * 3;
  const cropped = new Uint8Array(line * device.height);
  for (let y = 0; y < device.height; y++) {
    const from = y * page.width * 3;
    cropped.set(pixels.subarray(from, from + line), y * line);
  }
  return cropped;
}

async function simulate(image: Image, { jpegQuality }: View, drawn: Drawn): Promise<Uint8Array> {
  const shown = shownByBrowser(toBytes(image), image, drawn);
  if (jpegQuality === undefined) return shown;
  const { width, height } = drawn.pixels;
  const encoding = { format: 'jpeg', quality: jpegQuality, subsampling: '4:2:0' } as const;
  return toBytes(await reencode(fromBytes(width, height, shown), encoding));
}
