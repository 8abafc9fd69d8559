/** @file The bootstrap draws of a run: images, or artists with all their images. All cells share them. */
import type { RunFolder } from '../run/run-folder.ts';
import { deriveSeed, seededRandom } from '../random.ts';
import { type Resamples, resample } from '../stats/bootstrap.ts';
import type { Answers, Resampler } from './answers.ts';

/** Draws made once for each set of images, so that all cells over the same images share them. */
export function resampler(
  { manifest }: Pick<RunFolder, 'manifest'>,
  { cluster, draws, seed }: Omit<Answers['bootstrap'], 'method'>,
): Resampler {
  const artists = new Map(manifest.dataset.items.map(({ id, artist }) => [id, artist]));
  const made = new Map<string, Resamples>();
  return (ids) => {
    const clusters = cluster === 'artist' ? ids.map((id) => artists.get(id) ?? id) : undefined;
    const key = clusters === undefined ? String(ids.length) : JSON.stringify(clusters);
    const known = made.get(key);
    if (known !== undefined) return known;
    const random = seededRandom(deriveSeed(`bootstrap/${seed}/${key}`));
    const resamples = resample(ids.length, random, { draws, clusters });
    made.set(key, resamples);
    return resamples;
  };
}
