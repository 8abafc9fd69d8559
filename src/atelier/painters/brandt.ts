/** @file Paper cut-outs: flat shapes in few colours, each with its small shadow. */
import { blurred, forEachPixel, primed, tooth } from '../canvas.ts';
import { hex, luma, palette, type Rgb, times, tune } from '../colour.ts';
import { valueNoise } from '../noise.ts';
import type { Scene } from '../scene.ts';
import type { Painter } from './define.ts';

const paperFor = palette(
  [
    '#f6f1e4',
    '#f2c531',
    '#ee7f2d',
    '#d8352f',
    '#e58aa5',
    '#5b2a5e',
    '#1d3f8f',
    '#3f8fcf',
    '#9fd3e0',
    '#1f7a4f',
    '#8fc04a',
    '#1e1f24',
    '#a8683a',
    '#e8c9a0',
    '#b7aedb',
    '#5f6f8f',
  ],
  0.9,
);

export const brandt: Painter = {
  id: 'brandt',
  name: 'Tadeo Brandt',
  manner: 'flat shapes scissored from coloured papers and pasted with a thin shadow',
  paint(scene, random) {
    const { size } = scene;
    const canvas = primed(size, hex('#f6f1e4'));
    const wobble = valueNoise(random.fork('scissors'));
    const sheets = sheetsOf(scene);
    const grain = tooth(size, random.fork('grain'), 140);
    const place = (x: number, y: number): number => {
      const u = x + 0.007 * wobble(7 * x, 7 * y);
      const v = y + 0.007 * wobble(7 * x + 30, 7 * y);
      return (
        Math.min(size - 1, Math.max(0, Math.floor(v * size))) * size +
        Math.min(size - 1, Math.max(0, Math.floor(u * size)))
      );
    };
    // A later sheet lies on top, and throws its shadow to the lower right.
    const drop = 0.007;
    const shade = new Float32Array(size * size);
    forEachPixel(canvas, (_, x, y, i) => {
      const here = sheets.sheet[place(x, y)]!;
      if (sheets.sheet[place(x - drop, y - drop)]! > here) shade[i] = 1;
      return sheets.colour[here]!;
    });
    const soft = blurred(shade, size, 0.004 * size);
    const smooth = blurred(canvas.rgb, size, 0.6);
    canvas.rgb.set(smooth);
    forEachPixel(canvas, (c, _x, _y, i) => times(c, (1 - 0.4 * soft[i]!) * (0.965 + 0.07 * grain[i]!)));
    return canvas;
  },
};

/** Each thing of the scene cut from one paper, or from two where it has a light and a dark half. */
function sheetsOf({ rgb, label }: Scene): { sheet: Uint16Array; colour: Rgb[] } {
  const things = label.reduce((most, id) => Math.max(most, id), 0) + 1;
  const tone = (i: number): number => luma([rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!]);
  const sums = new Float64Array(things * 2);
  for (let i = 0; i < label.length; i++) {
    sums[2 * label[i]!]! += tone(i);
    sums[2 * label[i]! + 1]!++;
  }
  const sheet = new Uint16Array(label.length);
  const means = new Float64Array(things * 2 * 4);
  for (let i = 0; i < label.length; i++) {
    const id = label[i]!;
    const half = tone(i) > sums[2 * id]! / sums[2 * id + 1]! + 0.05 ? 1 : 0;
    const s = 2 * id + half;
    sheet[i] = s;
    for (let c = 0; c < 3; c++) means[4 * s + c]! += rgb[3 * i + c]!;
    means[4 * s + 3]!++;
  }
  const colour = Array.from({ length: things * 2 }, (_, s): Rgb => {
    const n = means[4 * s + 3]! || 1;
    return paperFor(tune([means[4 * s]! / n, means[4 * s + 1]! / n, means[4 * s + 2]! / n], { chroma: 1.7 }));
  });
  return { sheet, colour };
}
