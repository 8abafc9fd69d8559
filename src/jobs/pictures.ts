/** @file Pictures in and out of the artefact store, decoded once for the few jobs in a row that want the same one. */
import { decodeImage, encodeImage } from '../image/codec.ts';
import { fromBytes, type Image, toBytes } from '../image/image.ts';
import type { ImageRef } from '../metrics/define.ts';
import type { ArtefactOutput, SetPicture } from './job.ts';
import type { Store } from './store.ts';

/** What jobs do with pictures. */
export interface Pictures {
  load(hash: string): Promise<Image>;
  /** Reads the file even where its pixels are in memory: for measurements of what was really saved. */
  reload(hash: string): Promise<Image>;
  /** A picture to be loaded when a metric asks for it. */
  ref(picture: SetPicture): ImageRef;
  /** Saves as an 8-bit PNG; a picture that was loaded here and is handed back as it is needs no second file. */
  save(image: Image): Promise<ArtefactOutput>;
}

/** Values held decoded in memory by one thread: 16 million float32, 64 MB. */
const HELD_VALUES = 16e6;

/** The pictures of a store, with a cache of decoded ones: least recently used out first. */
export function openPictures(store: Store): Pictures {
  const decoded = new Map<string, Image>();
  let held = 0;

  const outputs = new WeakMap<Image, ArtefactOutput>();

  const reload = async (hash: string): Promise<Image> => {
    const bytes = await store.readBlob(hash);
    const image = await decodeImage(bytes, { name: store.blobPath(hash), maxPixels: Infinity });
    outputs.set(image, { sha256: hash, bytes: bytes.length, width: image.width, height: image.height });
    return image;
  };

  const load = async (hash: string): Promise<Image> => {
    const image = decoded.get(hash) ?? (await reload(hash));
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
    ref: (picture) => ({ ...picture, load: () => load(picture.sha256) }),
    reload,
    save: async (image) => {
      const known = outputs.get(image);
      if (known !== undefined) return known;
      const { width, height, alpha } = image;
      const rounded = fromBytes(width, height, toBytes(image), alpha);
      const { bytes } = await encodeImage(rounded, { format: 'png' });
      const output = { sha256: await store.writeBlob(bytes), bytes: bytes.length, width, height };
      outputs.set(rounded, output);
      keep(output.sha256, rounded);
      return output;
    },
  };
}
