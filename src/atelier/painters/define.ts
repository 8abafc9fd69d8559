/** @file The interface of a painter. */
import type { Random } from '../../random.ts';
import type { Canvas } from '../canvas.ts';
import type { Scene } from '../scene.ts';

/** An invented painter: one style, recognisable whatever the motif. */
export interface Painter {
  /** The name in experiment files; equals the key in the registry. */
  readonly id: string;
  readonly name: string;
  /** One sentence on the style. */
  readonly manner: string;
  /** The scene as this painter sees it. */
  paint(scene: Scene, random: Random): Canvas;
}
