/** @file The brush: strokes that follow the lie of things, one over the other, with bristles and thickness. */
import type { Random } from '../random.ts';
import { blurred, type Canvas } from './canvas.ts';
import { clamp, type Rgb } from './colour.ts';
import type { Scene } from './scene.ts';

/** One layer of strokes. Lengths are in units of the picture's side unless they say otherwise. */
export interface Brush {
  readonly width: number;
  /** In widths of the brush. 0 sets dots. */
  readonly length: number;
  /** How many times the layer would cover the canvas if strokes lay side by side. */
  readonly coverage: number;
  readonly opacity?: number;
  /** Streaks of lighter and darker paint along the stroke, 0..1. */
  readonly bristle?: number;
  /** Thickness of the paint; `ridge` of it is pushed to the stroke's rims, as a knife does. */
  readonly impasto?: number;
  readonly ridge?: number;
  /** How far a dry brush or chalk skips the hollows of the ground, 0..1; needs `ground`. */
  readonly dry?: number;
  /** The hollows (0) and hills (1) that dry paint catches on. */
  readonly ground?: Float32Array;
  /** 0 for blunt ends, 1 for strokes that thin out. */
  readonly taper?: number;
  /** True for the square ends of a knife or a flat brush. */
  readonly square?: boolean;
  /** True if a stroke ends at the outline of its thing. */
  readonly bounded?: boolean;
  /** The angle of a stroke at a place whose surface runs at `flow`; radians. */
  readonly angle?: (flow: number, x: number, y: number) => number;
  /** Random turn of each stroke to both sides, radians. */
  readonly wander?: number;
  /** The paint for a colour that the eye sees; `i` is the pixel. */
  readonly paint?: (seen: Rgb, i: number) => Rgb;
  /** How likely a stroke starts at pixel `i`, 0..1. */
  readonly where?: (i: number) => number;
  /** Factor of the width of a stroke that starts at pixel `i`. */
  readonly girth?: (i: number) => number;
}

/** A way through the canvas, in pixels. */
interface Path {
  readonly xs: number[];
  readonly ys: number[];
}

/** Lays a layer of strokes that takes its colours from `seen`, a plane of the scene's size. */
export function brushLayer(
  canvas: Canvas,
  scene: Scene,
  seen: Float32Array,
  random: Random,
  brush: Brush,
): void {
  const { size } = canvas;
  const { width, length, coverage, where, girth, paint } = brush;
  const colours = blurred(seen, size, 0.3 * width * size);
  const stroke = strokeMaker(canvas, random, brush);
  const count = Math.ceil(coverage / (width * width * (length + 0.8)));
  const offset = [random.uniform(), random.uniform()] as const;
  for (let k = 1; k <= count; k++) {
    // Roberts's R2 sequence: even, and in no order that the eye could follow.
    const x = ((offset[0] + 0.7548776662466927 * k) % 1) * size;
    const y = ((offset[1] + 0.5698402909980532 * k) % 1) * size;
    const i = Math.floor(y) * size + Math.floor(x);
    if (where && random.uniform() >= where(i)) continue;
    const eye: Rgb = [colours[3 * i]!, colours[3 * i + 1]!, colours[3 * i + 2]!];
    const radius = 0.5 * width * size * (0.8 + 0.4 * random.uniform()) * (girth?.(i) ?? 1);
    if (radius < 0.25) continue;
    const reach = length * width * size * (0.7 + 0.6 * random.uniform());
    stroke(pathFrom(scene, random, brush, x, y, reach), radius, paint ? paint(eye, i) : eye);
  }
}

function pathFrom(scene: Scene, random: Random, brush: Brush, x: number, y: number, reach: number): Path {
  const turn = (brush.wander ?? 0) * (2 * random.uniform() - 1);
  const back = walk(scene, brush, x, y, reach / 2, turn, -1);
  const forth = walk(scene, brush, x, y, reach / 2, turn, 1);
  return { xs: [...back.xs.reverse(), x, ...forth.xs], ys: [...back.ys.reverse(), y, ...forth.ys] };
}

/** Follows the flow from (x, y) for `reach` pixels, forwards (1) or backwards (-1). */
function walk(
  scene: Scene,
  { width, angle, bounded }: Brush,
  x: number,
  y: number,
  reach: number,
  turn: number,
  sense: 1 | -1,
): Path {
  const { size, flow, label } = scene;
  const step = Math.max(1.5, 0.6 * width * size);
  const home = label[Math.floor(y) * size + Math.floor(x)];
  const path: Path = { xs: [], ys: [] };
  let heading: number | undefined;
  for (let gone = 0; gone < reach; gone += step) {
    const i = Math.floor(clamp(y, 0, size - 1)) * size + Math.floor(clamp(x, 0, size - 1));
    const lie = 0.5 * Math.atan2(flow[2 * i + 1]!, flow[2 * i]!);
    let a = (angle ? angle(lie, x / size, y / size) : lie) + turn;
    // A direction and its opposite are the same to the flow: keep to the side that we were heading for.
    if (heading === undefined) a += sense === 1 ? 0 : Math.PI;
    else if (Math.cos(a - heading) < 0) a += Math.PI;
    heading = a;
    const stride = Math.min(step, reach - gone);
    x += stride * Math.cos(a);
    y += stride * Math.sin(a);
    if (x < -step || y < -step || x > size + step || y > size + step) break;
    if (
      bounded &&
      label[Math.floor(clamp(y, 0, size - 1)) * size + Math.floor(clamp(x, 0, size - 1))] !== home
    )
      break;
    path.xs.push(x);
    path.ys.push(y);
  }
  return path;
}

/** What a stroke covers: its pixels, how far each lies from the stroke's line, and where on it. */
interface Track {
  /** Squared distance to the line in pixels; infinite outside the stroke. */
  readonly nearest: Float32Array;
  /** Across the stroke, -1..1 from rim to rim. */
  readonly side: Float32Array;
  /** Along the stroke, in pixels from its start. */
  readonly along: Float32Array;
  /** Pixels of the stroke, the first `count` of them. */
  readonly touched: Int32Array;
  count: number;
  length: number;
}

const emptyTrack = (pixels: number): Track => ({
  nearest: new Float32Array(pixels).fill(Number.POSITIVE_INFINITY),
  side: new Float32Array(pixels),
  along: new Float32Array(pixels),
  touched: new Int32Array(pixels),
  count: 0,
  length: 0,
});

/** Sweeps a disc (with `square`, a bar) along the path. */
function sweep(track: Track, size: number, { xs, ys }: Path, radius: number, square: boolean): void {
  const last = xs.length - 1;
  track.count = 0;
  track.length = 0;
  for (let s = 0; s < Math.max(1, last); s++) {
    const dx = last > 0 ? xs[s + 1]! - xs[s]! : 1e-3; // a dot is a stroke too short to see
    const dy = last > 0 ? ys[s + 1]! - ys[s]! : 0;
    const cutStart = square && s === 0;
    const cutEnd = square && s >= last - 1;
    sweepSegment(track, size, { x: xs[s]!, y: ys[s]!, dx, dy, radius, cutStart, cutEnd });
  }
}

interface Segment {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly radius: number;
  readonly cutStart: boolean;
  readonly cutEnd: boolean;
}

function sweepSegment(track: Track, size: number, segment: Segment): void {
  const { x, y, dx, dy, radius, cutStart, cutEnd } = segment;
  const { nearest, side, along, touched } = track;
  const length = Math.sqrt(dx * dx + dy * dy) || 1e-3;
  const left = Math.max(0, Math.floor(Math.min(x, x + dx) - radius - 1));
  const right = Math.min(size - 1, Math.ceil(Math.max(x, x + dx) + radius + 1));
  const top = Math.max(0, Math.floor(Math.min(y, y + dy) - radius - 1));
  const bottom = Math.min(size - 1, Math.ceil(Math.max(y, y + dy) + radius + 1));
  for (let py = top; py <= bottom; py++) {
    for (let px = left; px <= right; px++) {
      const ux = px + 0.5 - x;
      const uy = py + 0.5 - y;
      const t = (ux * dx + uy * dy) / (length * length);
      if ((cutStart && t < 0) || (cutEnd && t > 1)) continue;
      const held = t < 0 ? 0 : Math.min(t, 1);
      const ex = ux - held * dx;
      const ey = uy - held * dy;
      const distance = ex * ex + ey * ey;
      const i = py * size + px;
      if (distance > (radius + 0.7) * (radius + 0.7) || distance >= nearest[i]!) continue;
      if (nearest[i] === Number.POSITIVE_INFINITY) touched[track.count++] = i;
      nearest[i] = distance;
      side[i] = (ux * dy - uy * dx) / (length * radius);
      along[i] = track.length + held * length;
    }
  }
  track.length += length;
}

const TEXTURE = 64; // bristles across, lengths along

/** A function that lays one stroke. Its working planes are made once for a layer. */
function strokeMaker(
  { size, rgb, relief }: Canvas,
  random: Random,
  brush: Brush,
): (path: Path, radius: number, colour: Rgb) => void {
  const { bristle = 0, impasto = 0, ridge = 0, dry = 0, taper = 0, square = false, opacity = 1 } = brush;
  const texture = Float32Array.from({ length: TEXTURE * TEXTURE }, () => random.uniform());
  const track = emptyTrack(size * size);
  const { nearest, side, along, touched } = track;

  return (path, radius, colour) => {
    sweep(track, size, path, radius, square);
    const row = random.int(TEXTURE);
    const column = random.int(TEXTURE);
    for (let k = 0; k < track.count; k++) {
      const i = touched[k]!;
      const end = (2 * along[i]!) / track.length - 1; // -1..1 from end to end
      const rim = radius * (1 - taper * end * end);
      let cover = clamp(rim - Math.sqrt(nearest[i]!) + 0.5) * Math.min(1, 2 * radius);
      nearest[i] = Number.POSITIVE_INFINITY;
      if (cover <= 0) continue;
      const u = side[i]!;
      const across = (Math.floor(u * Math.max(2, radius * 1.1)) + row) & (TEXTURE - 1);
      const down = (Math.floor(along[i]! / (4 * radius)) + column) & (TEXTURE - 1);
      const hair = texture[across * TEXTURE + down]!;
      if (dry > 0 && brush.ground) {
        const held = brush.ground[i]! + 0.3 * (hair - 0.5) - dry * (0.8 + 0.4 * end * end);
        cover *= clamp(0.6 + 1.7 * held);
      }
      const alpha = cover * opacity;
      const tone = 1 + bristle * (hair - 0.5);
      for (let c = 0; c < 3; c++) rgb[3 * i + c]! += (clamp(colour[c]! * tone) - rgb[3 * i + c]!) * alpha;
      const body = impasto * ((1 - ridge) * (0.35 + 0.65 * hair) * (1 - u * u * 0.6) + ridge * u * u);
      relief[i]! += (body + 0.25 * relief[i]! - relief[i]!) * alpha;
    }
  };
}
