/** @file Where the picture of an item comes from, as plain JSON: any thread or machine with the files can read it. */
import { type PictureFile, readPicture } from './files.ts';

/** A file of a manifest or a folder. Generators add a kind of their own. */
export type PictureOrigin = { readonly kind: 'file' } & PictureFile;

/** The encoded picture. @throws DATASET where it is missing, unreadable, or not the file its hash names. */
export function readOrigin(origin: PictureOrigin): Promise<Uint8Array> {
  switch (origin.kind) {
    case 'file':
      return readPicture(origin);
  }
}
