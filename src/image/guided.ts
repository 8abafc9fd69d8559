/**
 * @file Guided filter of RGB floats in 0..255 with a colour guide, as OpenCV's `ximgproc.guidedFilter` computes
 * it: in each window the picture is fitted as a linear function of the guide's three channels.
 *
 * Source: He, Sun and Tang, Guided image filtering (TPAMI 2013), equations 14 to 17; windows reflect at the edges.
 */
import { type BoxMean, boxMean } from './box.ts';
import type { Size } from './image.ts';

export interface GuidedOptions {
  /** Windows have `2 radius + 1` px a side. */
  readonly radius: number;
  /** Added to the variance of each channel of the guide, in squared grey levels: flatter than this is smoothed. */
  readonly eps: number;
}

type Plane = Readonly<Float32Array>;
type Planes = readonly [Plane, Plane, Plane];

/** Filters pictures under one guide. What depends on the guide alone is computed once, here. */
export function guidedBy(
  guide: Readonly<Float32Array>,
  size: Size,
  { radius, eps }: GuidedOptions,
): (values: Readonly<Float32Array>) => Float32Array {
  const mean = boxMean(size, radius);
  const guides = split(guide);
  const means = eachChannel((c) => mean(guides[c]!));
  const inverse = inverseCovariance(guides, means, mean, eps);
  return (values) => {
    const out = new Float32Array(values.length);
    for (const [c, plane] of split(values).entries()) {
      const { slopes, offset } = regress(plane, guides, means, inverse, mean);
      const [a, b, d] = slopes.map((slope) => mean(slope)) as unknown as Planes;
      const constant = mean(offset);
      const [red, green, blue] = guides;
      for (let i = 0, to = c; i < plane.length; i++, to += 3) {
        out[to] = a[i]! * red[i]! + b[i]! * green[i]! + d[i]! * blue[i]! + constant[i]!;
      }
    }
    return out;
  };
}

const eachChannel = (of: (channel: number) => Float32Array): Planes => [of(0), of(1), of(2)];

function split(values: Readonly<Float32Array>): Planes {
  return eachChannel((c) => {
    const plane = new Float32Array(values.length / 3);
    for (let i = 0, from = c; i < plane.length; i++, from += 3) plane[i] = values[from]!;
    return plane;
  });
}

/** mean(a b) - mean(a) mean(b) in the window around each pixel. */
function covariance(a: Plane, b: Plane, meanA: Plane, meanB: Plane, mean: BoxMean): Float32Array {
  const product = new Float32Array(a.length);
  for (let i = 0; i < product.length; i++) product[i] = a[i]! * b[i]!;
  const out = mean(product);
  for (let i = 0; i < out.length; i++) out[i] = out[i]! - meanA[i]! * meanB[i]!;
  return out;
}

/** The six entries of a symmetric 3 x 3 matrix at each pixel, in the order rr, rg, rb, gg, gb, bb. */
type Symmetric = readonly [Plane, Plane, Plane, Plane, Plane, Plane];

/** The inverse of the guide's covariance in each window, with `eps` on its diagonal: cofactors over determinant. */
function inverseCovariance([r, g, b]: Planes, [mr, mg, mb]: Planes, mean: BoxMean, eps: number): Symmetric {
  const entries = [
    covariance(r, r, mr, mr, mean),
    covariance(r, g, mr, mg, mean),
    covariance(r, b, mr, mb, mean),
    covariance(g, g, mg, mg, mean),
    covariance(g, b, mg, mb, mean),
    covariance(b, b, mb, mb, mean),
  ] as const;
  const [rr, rg, rb, gg, gb, bb] = entries;
  for (let i = 0; i < rr.length; i++) {
    const [xx, yy, zz] = [rr[i]! + eps, gg[i]! + eps, bb[i]! + eps];
    const [xy, xz, yz] = [rg[i]!, rb[i]!, gb[i]!];
    const cofactors = [yy * zz - yz * yz, yz * xz - xy * zz, xy * yz - yy * xz] as const;
    const scale = 1 / (xx * cofactors[0] + xy * cofactors[1] + xz * cofactors[2]);
    rr[i] = cofactors[0] * scale;
    rg[i] = cofactors[1] * scale;
    rb[i] = cofactors[2] * scale;
    gg[i] = (xx * zz - xz * xz) * scale;
    gb[i] = (xy * xz - xx * yz) * scale;
    bb[i] = (xx * yy - xy * xy) * scale;
  }
  return entries;
}

/** In each window: plane = slopes . guide + offset, least squares with `eps` on the slopes. */
function regress(
  plane: Plane,
  guides: Planes,
  means: Planes,
  [rr, rg, rb, gg, gb, bb]: Symmetric,
  mean: BoxMean,
): { slopes: readonly Float32Array[]; offset: Float32Array } {
  const offset = mean(plane);
  const slopes = guides.map((guide, c) => covariance(guide, plane, means[c]!, offset, mean));
  const [a, b, d] = slopes as [Float32Array, Float32Array, Float32Array];
  const [meanR, meanG, meanB] = means;
  for (let i = 0; i < offset.length; i++) {
    const [x, y, z] = [a[i]!, b[i]!, d[i]!];
    const red = rr[i]! * x + rg[i]! * y + rb[i]! * z;
    const green = rg[i]! * x + gg[i]! * y + gb[i]! * z;
    const blue = rb[i]! * x + gb[i]! * y + bb[i]! * z;
    offset[i] = offset[i]! - red * meanR[i]! - green * meanG[i]! - blue * meanB[i]!;
    a[i] = red;
    b[i] = green;
    d[i] = blue;
  }
  return { slopes, offset };
}
