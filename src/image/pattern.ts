/** @file Pictures drawn from nothing for protections to pull towards: repeated glyphs, and flat grey. */
import { fromBytes, type Image, type Size } from './image.ts';
import { resize } from './resample.ts';

// Which word it is does not matter. High contrast, about a quarter of it bright, and repetition do.
const GLYPHS = [
  '................................',
  '..####.#####...###...####.#...#.',
  '.#.....#....#.#...#.#.....#..#..',
  '.#.....#....#.#...#.#.....#.#...',
  '.#.....#####..#####.#.....##....',
  '.#.....#..#...#...#.#.....#.#...',
  '.#.....#...#..#...#.#.....#..#..',
  '..####.#....#.#...#..####.#...#.',
  '................................',
];

/** White glyphs on black, `columns` x `rows` times over a picture of that size. */
export function glyphPattern({ width, height }: Size, columns: number, rows: number): Image {
  const across = GLYPHS[0]!.length;
  const down = GLYPHS.length;
  const cells = new Uint8Array(columns * across * rows * down * 3);
  for (let y = 0, i = 0; y < rows * down; y++) {
    for (let x = 0; x < columns * across; x++, i += 3) {
      if (GLYPHS[y % down]![x % across] === '#') cells.fill(255, i, i + 3);
    }
  }
  return resize(fromBytes(columns * across, rows * down, cells), width, height, 'bilinear');
}

/** One grey, 0..1. */
export function flatGrey({ width, height }: Size, value: number): Image {
  return { width, height, data: new Float32Array(width * height * 3).fill(value) };
}

/** The picture again and again over another size, from the top left corner. */
export function repeatedOver(picture: Image, { width, height }: Size): Image {
  const data = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += picture.width) {
      const from = (y % picture.height) * picture.width * 3;
      const pixels = Math.min(picture.width, width - x);
      data.set(picture.data.subarray(from, from + pixels * 3), (y * width + x) * 3);
    }
  }
  return { width, height, data };
}
