/**
 * @file Colour difference CIEDE2000, averaged over pixels. One unit is about the smallest visible difference.
 * Formula: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula" (2005), equations 2 to 22.
 */
import { z } from 'zod';
import { defineMetric } from './define.ts';
import { pixelPair } from './parts/pixels.ts';

export const deltaE2000 = defineMetric({
  id: 'delta-e-2000',
  version: 1,
  kind: 'pair',
  label: 'ΔE₀₀',
  summary: 'Mean colour difference CIEDE2000; about 1 is just visible on flat patches.',
  reference: 'Sharma et al., The CIEDE2000 color-difference formula (Color Research and Application 2005)',
  protocol:
    'delta-e-2000@1: sRGB, 8 bits, to CIELAB under D65 (2 degrees), CIEDE2000 with kL = kC = kH = 1, mean over pixels',
  unit: 'ΔE',
  higherIsBetter: false,
  measures: 'fidelity',
  params: z.strictObject({}),
  needs: () => [],
  random: false,
  measure: async (image, reference) => {
    const [a, b] = pixelPair('delta-e-2000', image, reference);
    let sum = 0;
    for (let i = 0; i < a.length; i += 3) {
      if (a[i] === b[i] && a[i + 1] === b[i + 1] && a[i + 2] === b[i + 2]) continue;
      sum += ciede2000(toLab(a[i]!, a[i + 1]!, a[i + 2]!), toLab(b[i]!, b[i + 1]!, b[i + 2]!));
    }
    return sum / (a.length / 3);
  },
});

/** L* in 0..100, a*, b*. */
type Lab = readonly [l: number, a: number, b: number];

/** sRGB's transfer function (IEC 61966-2-1), undone for every level of 8 bits. */
const LINEAR = Float64Array.from({ length: 256 }, (_, level) => {
  const v = level / 255;
  return v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92;
});

function toLab(red: number, green: number, blue: number): Lab {
  const [r, g, b] = [LINEAR[red]!, LINEAR[green]!, LINEAR[blue]!];
  const x = labCurve((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.95047);
  const y = labCurve(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = labCurve((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const labCurve = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);

/** Hue angles in degrees, as the paper gives its constants. */
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);
const hue = (a: number, b: number): number => ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;

/** c^7 / (c^7 + 25^7), under a root. */
const chromaWeight = (c: number): number => Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));

/** The difference of two colours. Exported for the paper's own test pairs. */
export function ciede2000([l1, a1, b1]: Lab, [l2, a2, b2]: Lab): number {
  const stretch = 1 + 0.5 * (1 - chromaWeight((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2));
  const [c1, c2] = [Math.hypot(stretch * a1, b1), Math.hypot(stretch * a2, b2)];
  const [h1, h2] = [hue(stretch * a1, b1), hue(stretch * a2, b2)];
  const grey = c1 * c2 === 0; // then hue means nothing
  const turn = grey ? 0 : shortWay(h2 - h1);
  const dL = l2 - l1;
  const dC = c2 - c1;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((turn * Math.PI) / 360);
  const l = (l1 + l2) / 2;
  const c = (c1 + c2) / 2;
  const h = grey ? h1 + h2 : meanHue(h1, h2);
  const t =
    1 - 0.17 * cosine(h - 30) + 0.24 * cosine(2 * h) + 0.32 * cosine(3 * h + 6) - 0.2 * cosine(4 * h - 63);
  const sL = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const sC = 1 + 0.045 * c;
  const sH = 1 + 0.015 * c * t;
  const rotation = -2 * chromaWeight(c) * Math.sin((Math.PI / 3) * Math.exp(-(((h - 275) / 25) ** 2)));
  const [x, y, z] = [dL / sL, dC / sC, dH / sH];
  return Math.sqrt(x * x + y * y + z * z + rotation * y * z);
}

const shortWay = (turn: number): number => (turn > 180 ? turn - 360 : turn < -180 ? turn + 360 : turn);

function meanHue(h1: number, h2: number): number {
  if (Math.abs(h1 - h2) <= 180) return (h1 + h2) / 2;
  return h1 + h2 < 360 ? (h1 + h2 + 360) / 2 : (h1 + h2 - 360) / 2;
}
