/** @file What is here of the registry: one row a model, for `models list` and `models verify`. */
import type { ModelEntry } from './entry.ts';
import type { ModelHome } from './home.ts';
import { formHere, isPublished } from './forms.ts';
import type { LocatedFile, LookUp } from './locate.ts';
import type { ModelRole } from './roles.ts';

/** A model of the registry and its files on this machine. */
export interface InventoryRow {
  readonly id: string;
  readonly summary: string;
  readonly roles: readonly ModelRole[];
  /** `partial`: some files are missing; `changed`: some have other bytes than listed. */
  readonly state: 'embedded' | 'here' | 'partial' | 'absent' | 'changed';
  /** True if `models pull` can fetch it. */
  readonly published: boolean;
  readonly files: readonly LocatedFile[];
  readonly source: string;
  readonly licence: string;
  readonly dtype: string;
  readonly protocol: string;
  /** How to get it where it cannot be pulled. */
  readonly obtain?: string;
}

/** Looks for every file of the entries. */
export const takeInventory = (
  entries: readonly ModelEntry[],
  home: ModelHome,
  lookUp?: LookUp,
): Promise<InventoryRow[]> => Promise.all(entries.map((entry) => inventoryRow(entry, home, lookUp)));

async function inventoryRow(entry: ModelEntry, home: ModelHome, lookUp?: LookUp): Promise<InventoryRow> {
  const { form, found } = await formHere(entry, home, undefined, lookUp);
  const { id, summary, source, licence, dtype, protocol, obtain } = entry;
  return {
    id,
    summary,
    roles: Object.keys(entry.roles) as ModelRole[],
    state: stateOf(entry, found),
    published: isPublished(entry),
    // If a file is absent, what the registry knows.
    files: found.map((file) => ({
      ...file,
      bytes: file.bytes ?? form.files[file.name]?.bytes ?? null,
      sha256: file.sha256 ?? form.files[file.name]?.sha256 ?? null,
    })),
    source,
    licence,
    dtype,
    protocol,
    ...(obtain !== undefined && { obtain }),
  };
}

function stateOf({ embedded }: ModelEntry, files: readonly LocatedFile[]): InventoryRow['state'] {
  if (files.some(({ state }) => state === 'changed')) return 'changed';
  const here = files.filter(({ state }) => state === 'ok').length;
  if (here === 0) return 'absent';
  if (here < files.length) return 'partial';
  return embedded ? 'embedded' : 'here';
}
