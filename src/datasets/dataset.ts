/** @file A data set: pictures listed with their hashes, whose bytes are read one by one when asked for. */
import type { PictureOrigin } from './origin.ts';

/** One picture of a data set. */
export interface DatasetItem {
  /** Unique in its data set: the path inside it, with `/` between folders, or what a generator calls it. */
  readonly id: string;
  /** Hash of the file's bytes; for a generated picture, hash of its recipe and the generator's version. Lower-case hex. */
  readonly sha256: string;
  readonly artist?: string;
  readonly title?: string;
  readonly licence?: string;
  /** What the picture shows, as a prompt would say it. */
  readonly caption?: string;
  /** Its style, such as 'Impressionism', where somebody who knows has said so. */
  readonly genre?: string;
  readonly source?: string;
  readonly url?: string;
  /** Where to read it: plain JSON, so that a thread can. */
  readonly origin: PictureOrigin;
  /** The encoded file. Throws if it is missing, unreadable, or not the file that `sha256` names. */
  bytes(): Promise<Uint8Array>;
}

/** Pictures in a fixed order, at least one, no two with the same id or the same bytes. */
export interface Dataset {
  readonly name: string;
  readonly items: readonly DatasetItem[];
  /** What a user should know about how it was read: duplicates skipped, files ignored. */
  readonly notes: readonly string[];
}

/** The items of a listing without repeats, first one kept, and a note for each that was left out. */
export function withoutDuplicates<T extends Pick<DatasetItem, 'id' | 'sha256'>>(
  listing: readonly T[],
): { items: T[]; notes: string[] } {
  const ids = new Set<string>();
  const keptUnder = new Map<string, string>();
  const items: T[] = [];
  const notes: string[] = [];
  for (const item of listing) {
    const twin = keptUnder.get(item.sha256);
    if (ids.has(item.id)) notes.push(`'${item.id}' is listed twice: the first is kept`);
    else if (twin !== undefined) notes.push(`'${item.id}' skipped: same bytes as '${twin}'`);
    else {
      ids.add(item.id);
      keptUnder.set(item.sha256, item.id);
      items.push(item);
    }
  }
  return { items, notes };
}
