/** @file Every model that the registry knows, by its id. */
import { unknownName } from '../../messages/index.ts';
import type { ModelEntry } from '../entry.ts';
import type { ModelRole } from '../roles.ts';
import { atelier } from './atelier.ts';
import { autoencoders } from './autoencoders.ts';
import { diffusion } from './diffusion.ts';
import { embedders } from './embedders.ts';
import { formulas } from './formulas.ts';

/** In the order in which `models list` shows them. */
export const catalogue: readonly ModelEntry[] = [
  ...atelier,
  ...autoencoders,
  ...diffusion,
  ...embedders,
  ...formulas,
];

/** The entry of that id. @throws USAGE with the nearest id and all others. */
export function entryOf(id: string, entries: readonly ModelEntry[] = catalogue): ModelEntry {
  const entry = entries.find((each) => each.id === id);
  if (entry !== undefined) return entry;
  throw unknownName(
    'model',
    id,
    entries.map((each) => each.id),
    { code: 'USAGE' },
  );
}

/** The models that can play a role. */
export const modelsFor = (role: ModelRole, entries: readonly ModelEntry[] = catalogue): ModelEntry[] =>
  entries.filter(({ roles }) => roles[role] !== undefined);
