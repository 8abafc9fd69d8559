/** @file The painters by name. */
import { brandt } from './brandt.ts';
import type { Painter } from './define.ts';
import { dima } from './dima.ts';
import { farkas } from './farkas.ts';
import { halvorsen } from './halvorsen.ts';
import { lampedusa } from './lampedusa.ts';
import { marchetti } from './marchetti.ts';
import { morozumi } from './morozumi.ts';
import { okafor } from './okafor.ts';
import { quillon } from './quillon.ts';
import { sandoval } from './sandoval.ts';
import { velthuis } from './velthuis.ts';
import { zielony } from './zielony.ts';

export const PAINTERS = {
  velthuis,
  marchetti,
  quillon,
  okafor,
  zielony,
  sandoval,
  halvorsen,
  brandt,
  morozumi,
  dima,
  farkas,
  lampedusa,
} as const satisfies Record<string, Painter>;

export type PainterId = keyof typeof PAINTERS;
