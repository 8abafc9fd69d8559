/** @file Golden images of the shared folder: cases by kind, and how far two pictures are from each other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readImage } from '../src/image/codec.ts';
import { toBytes } from '../src/image/image.ts';

/** A case of `golden/images/index.json`; which fields there are depends on its kind. */
export interface GoldenCase {
  readonly kind: string;
  readonly id: string;
  readonly params: Readonly<Record<string, number>>;
  readonly filter: string;
  readonly width: number;
  readonly height: number;
  readonly input: string;
  readonly expected: string;
  readonly a: string;
  readonly b: string;
  readonly [value: string]: unknown;
}

/** The cases of a kind in the folder `golden/images`. */
export function goldenCases(folder: string, kind: string): GoldenCase[] {
  const { cases } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { cases: GoldenCase[] };
  return cases.filter((one) => one.kind === kind);
}

/** The largest and the mean absolute difference, in grey levels, between pixels and a picture file. */
export async function differenceTo(
  path: string,
  pixels: Readonly<Uint8Array>,
): Promise<{ max: number; mean: number }> {
  const expected = toBytes(await readImage(path));
  if (expected.length !== pixels.length)
    throw new Error(`${path} has ${expected.length} values, not ${pixels.length}`);
  let max = 0;
  let sum = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(expected[i]! - pixels[i]!);
    max = Math.max(max, difference);
    sum += difference;
  }
  return { max, mean: sum / expected.length };
}
