/** @file The motifs by name. */
import { boat } from './boat.ts';
import { bridge } from './bridge.ts';
import { cat } from './cat.ts';
import { city } from './city.ts';
import type { Motif } from './define.ts';
import { face } from './face.ts';
import { field } from './field.ts';
import { flower } from './flower.ts';
import { house } from './house.ts';
import { mountain } from './mountain.ts';
import { sea } from './sea.ts';
import { stillLife } from './still-life.ts';
import { tree } from './tree.ts';

export const MOTIFS = {
  mountain,
  sea,
  tree,
  house,
  boat,
  flower,
  face,
  'still-life': stillLife,
  city,
  bridge,
  cat,
  field,
} as const satisfies Record<string, Motif>;

export type MotifId = keyof typeof MOTIFS;
