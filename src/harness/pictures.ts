/** @file Pictures in and out of the artefact store, decoded once for the few jobs in a row that want the same one. */
import { decodeImage, encodeImage } from '../image/codec.ts';
import type { Image } from '../image/image.ts';
import type { ImageRef } from '../metrics/define.ts';
import type { ArtefactOutput } from './jobs.ts';
import type { Store } from './store.ts';

/** What jobs do with pictures. */
export interface Pictures {
  load(hash: string): Promise<Image>;
  /** A picture to be loaded when a metric asks for it. */
  ref(hash: string): ImageRef;
  /** Saves as an 8-bit PNG. */
  save(image: Image): Promise<ArtefactOutput>;
}

/** Values held decoded in memory by one thread: 16 million float32, 64 MB. */
const HELD_VALUES = 16e6;

/** The pictures of a store, with a cache of decoded ones: least recently used out first. */
export function openPictures(store: Store): Pictures {
  const decoded = new Map<string, Image>();
  let held = 0;

  const load = async (hash: string): Promise<Image> => {
    const known = decoded.get(hash);
    const name = store.blobPath(hash);
    const image = known ?? (await decodeImage(await store.readBlob(hash), { name, maxPixels: Infinity }));
    keep(hash, image);
    return image;
  };

  const keep = (hash: string, image: Image): void => {
    if (decoded.delete(hash)) held -= image.data.length;
    decoded.set(hash, image); // now the most recent
    held += image.data.length;
    for (const [oldest, { data }] of decoded) {
      if (held <= HELD_VALUES || oldest === hash) return;
      decoded.delete(oldest);
      held -= data.length;
    }
  };

  return {
    load,
    ref: (hash) => ({ id: hash, sha256: hash, load: () => load(hash) }),
    save: async (image) => {
      const { bytes } = await encodeImage(image, { format: 'png' });
      const { width, height } = image;
      return { sha256: await store.writeBlob(bytes), bytes: bytes.length, width, height };
    },
  };
}
