/** @file What a painter has before the eyes: colours, outlines, the lie of every surface, and where to look closely. */
import { clamp, type Rgb } from './colour.ts';
import type { Shape } from './shapes.ts';

/** A square view of `size` x `size` pixels. */
export interface Scene {
  readonly size: number;
  /** sRGB 0..1, interleaved. */
  readonly rgb: Float32Array;
  /** Which thing a pixel belongs to: outlines run where it changes. */
  readonly label: Uint16Array;
  /** Direction of the surface, as (cos 2a, sin 2a) of its angle `a` so that opposite directions are one. */
  readonly flow: Float32Array;
  /** 0 where broad strokes do, 1 where the picture is read: eyes, petals, windows. */
  readonly detail: Float32Array;
}

/** The colour of a thing: everywhere the same, or by place and signed distance to its outline. */
export type Shade = Rgb | ((x: number, y: number, distance: number) => Rgb);

export interface FillOptions {
  /** Direction of strokes in radians: fixed, by place, or along the outline (the default). */
  readonly flow?: number | ((x: number, y: number) => number);
  /** See `Scene.detail`. */
  readonly detail?: number;
  /** Width of the soft edge, in units of the picture's side; 0 is a clean edge. */
  readonly soft?: number;
  /** True if the shape belongs to the thing that was filled before it: no outline between them. */
  readonly part?: boolean;
  /** True for light and shade that lie on things without being one: they change the colour and nothing else. */
  readonly veil?: boolean;
}

/** An empty view. */
export const emptyScene = (size: number): Scene => ({
  size,
  rgb: new Float32Array(size * size * 3),
  label: new Uint16Array(size * size),
  flow: new Float32Array(size * size * 2),
  detail: new Float32Array(size * size),
});

/** What stands in front is filled last. Returns a function bound to a scene, so that motifs read as lists of things. */
export function filler(scene: Scene): (shape: Shape, shade: Shade, options?: FillOptions) => void {
  const { size, rgb, label } = scene;
  let things = 0;
  return (shape, shade, { flow, detail = 0, soft = 0, part = false, veil = false } = {}) => {
    const id = part || veil ? things : ++things;
    const edge = Math.max(1, soft * size);
    const [left, top, right, bottom] = pixelBox(shape, size, edge);
    for (let column = left; column < right; column++) {
      const x = (column + 0.5) / size;
      for (let row = top; row < bottom; row++) {
        const y = (row + 0.5) / size;
        const distance = shape.distance(x, y);
        const cover = clamp(0.5 - (distance * size) / edge);
        if (cover === 0) continue;
        const colour = typeof shade === 'function' ? shade(x, y, distance) : shade;
        const i = row * size + column;
        for (let k = 0; k < 3; k++) {
          const under = rgb[3 * i + k]!;
          rgb[3 * i + k] = under + (clamp(colour[k]!) - under) * cover;
        }
        if (veil || cover < 0.5) continue;
        label[i] = id;
        scene.detail[i] = detail;
        const angle = typeof flow === 'function' ? flow(x, y) : (flow ?? alongOutline(shape, x, y));
        scene.flow[2 * i] = Math.cos(2 * angle);
        scene.flow[2 * i + 1] = Math.sin(2 * angle);
      }
    }
  };
}

function pixelBox({ box }: Shape, size: number, margin: number): [number, number, number, number] {
  return [
    Math.max(0, Math.floor(box[0] * size - margin)),
    Math.max(0, Math.floor(box[1] * size - margin)),
    Math.min(size, Math.ceil(box[2] * size + margin)),
    Math.min(size, Math.ceil(box[3] * size + margin)),
  ];
}

/** Across the gradient of the distance, by central differences. */
function alongOutline({ distance }: Shape, x: number, y: number): number {
  const step = 0.004;
  const gx = distance(x + step, y) - distance(x - step, y);
  const gy = distance(x, y + step) - distance(x, y - step);
  return Math.atan2(gx, -gy);
}
