/** @file Every protection, by its id. */
import { registryOf } from '../plugin/registry.ts';
import type { Protection } from './define.ts';
import { ace } from './ace.ts';
import { advdm } from './advdm.ts';
import { antiDreambooth } from './anti-dreambooth.ts';
import { glazeStyle } from './glaze-style.ts';
import { identity } from './identity.ts';
import { mist, mistV1 } from './mist.ts';
import { mistV2 } from './mist-v2.ts';
import { nightshadeStyle } from './nightshade-style.ts';
import { noise } from './noise.ts';
import { photoguard } from './photoguard.ts';
import { sds } from './sds.ts';

const registry = registryOf({
  identity,
  noise,
  mist,
  'mist-v1': mistV1,
  photoguard,
  'glaze-style': glazeStyle,
  'nightshade-style': nightshadeStyle,
  advdm,
  sds,
  ace,
  'mist-v2': mistV2,
  'anti-dreambooth': antiDreambooth,
});

export type ProtectionId = keyof typeof registry;
export const protections: Readonly<Record<ProtectionId, Protection>> = registry;
