/** @file Every protection, by its id. */
import { registryOf } from '../plugin/registry.ts';
import type { Protection } from './define.ts';
import { identity } from './identity.ts';
import { mist } from './mist.ts';
import { noise } from './noise.ts';
import { photoguard } from './photoguard.ts';

const registry = registryOf({ identity, noise, mist, photoguard });

export type ProtectionId = keyof typeof registry;
export const protections: Readonly<Record<ProtectionId, Protection>> = registry;
