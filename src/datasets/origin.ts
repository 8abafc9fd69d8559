/** @file Where the picture of an item comes from, as plain JSON: any thread or machine with the files can read it. */
import { encodeImage } from '../image/codec.ts';
import { paint, type Recipe } from '../atelier/paint.ts';
import { assertListed, type PictureFile, readPicture } from './files.ts';

/** A file of a manifest or a folder, or a painting still to be made. */
export type PictureOrigin =
  | ({ readonly kind: 'file' } & PictureFile)
  | { readonly kind: 'atelier'; readonly recipe: Recipe };

/** The encoded picture. @throws DATASET if it is missing, unreadable, or not the file its hash names. */
export async function readOrigin(origin: PictureOrigin): Promise<Uint8Array> {
  switch (origin.kind) {
    case 'file':
      return readPicture(origin);
    case 'atelier':
      return (await encodeImage(paint(origin.recipe), { format: 'png' })).bytes;
  }
}

/** A file that was decoded before is the same file still; one that is gone is no contradiction. @throws DATASET as `readOrigin` */
export async function assertUnchanged(origin: PictureOrigin): Promise<void> {
  if (origin.kind === 'file') await assertListed(origin);
}
