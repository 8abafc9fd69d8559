/**
 * @file A screenshot: the image as a browser shows it, captured and cropped to the image.
 *
 * At ratio 1, zoom 1, native layout and PNG a capture holds exactly the pixels of the image. Scaling changes them
 * (high-density screens, zoom, a window smaller than the image), and so does saving as JPEG. The capture is resized to the
 * original size, since a training pipeline would resize it too.
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

/** The longest side that Chromium's compositor captures in one piece, in device px. */
const LARGEST_SIDE = 16384;

const params = z.strictObject({
  mode: z
    .enum(['simulated', 'browser'])
    .default('simulated')
    .describe('simulated: a model of scaling and encoding; browser: the Chromium of this machine'),
  ratio: z.number().min(0.5).max(4).default(1.25).describe('device pixel ratio: device px per CSS px'),
  zoom: z.number().min(0.1).max(5).default(1).describe('CSS zoom of the page'),
  layout: z
    .enum(['native', 'fit-to-window'])
    .default('native')
    .describe('native: one CSS px per pixel; fit-to-window: shrunk to fit the window'),
  windowWidth: z.number().int().min(100).max(8192).default(1280).describe('width of the window, in CSS px'),
  windowHeight: z.number().int().min(100).max(8192).default(720).describe('height of the window, in CSS px'),
  format: z.enum(['png', 'jpeg']).default('png').describe('file format of the capture'),
  quality: z.number().int().min(1).max(100).default(85).describe('JPEG quality, for format=jpeg'),
  kernel: kernelParameter('lanczos'),
});

export const screenshot = defineAttack({
  id: 'screenshot',
  version: 1,
  label: 'Screenshot',
  summary: 'Captures the image as a browser shows it, and scales the capture to the original size.',
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
    // A smaller window would be scrolled and the captures stitched, which equals a larger window.
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
 * The browser snaps the edges of an image to whole zoomed CSS px. Device px that are only partly covered are cropped off.
 * @throws IMAGE if nothing is left, or too much to capture
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
