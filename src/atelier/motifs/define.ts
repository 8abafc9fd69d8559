/** @file The interface of a motif, and what its file works with. */
import type { Random } from '../../random.ts';
import { drawLight, type Hour, type Light } from '../light.ts';
import { fractal, type Noise, valueNoise } from '../noise.ts';
import { emptyScene, filler, type Scene } from '../scene.ts';

/** What a motif draws with: the brush that fills shapes, draws of chance, and noise. */
export interface Easel {
  readonly fill: ReturnType<typeof filler>;
  readonly random: Random;
  /** Season, hour and where the light comes from. */
  readonly light: Light;
  /** Uniform between two numbers. */
  readonly between: (low: number, high: number) => number;
  /** Smooth noise and its four-octave sum, -1..1. */
  readonly noise: Noise;
  readonly rough: Noise;
}

/** A motif: a parametric view, different for every seed. */
export interface Motif {
  /** The name in experiment files; equals the key in the registry. */
  readonly id: string;
  /** As a caption says it: 'a mountain'. */
  readonly phrase: string;
  /** Titles that its pictures take in turn. */
  readonly titles: readonly string[];
  /** Hours that suit it; all where absent. */
  readonly hours?: readonly Hour[];
  /** Fills the whole picture, the farthest thing first. */
  draw(easel: Easel): void;
}

/** A motif as a scene of `size` x `size` pixels. The composition does not depend on the size. */
export function viewOf(motif: Motif, size: number, random: Random): Scene {
  const scene = emptyScene(size);
  const noise = valueNoise(random.fork('noise'));
  motif.draw({
    fill: filler(scene),
    random,
    light: drawLight(random, motif.hours),
    between: (low, high) => low + (high - low) * random.uniform(),
    noise,
    rough: fractal(noise, 4),
  });
  return scene;
}
