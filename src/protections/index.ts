/** @file Every protection, by its id. */
import type { Protection } from './define.ts';
import { identity } from './identity.ts';
import { noise } from './noise.ts';

const registry = { identity, noise } satisfies { [Id in string]: Protection };

export type ProtectionId = keyof typeof registry;
export const protections: Readonly<Record<ProtectionId, Protection>> = registry;
