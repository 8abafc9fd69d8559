/**
 * @file The gallery's pictures: every arm of every image and its difference map, small enough to travel in the page.
 *
 * Pictures of a run may weigh gigabytes. A few are in memory at a time, each distinct one is encoded once, and the
 * previews are as large as a sample says that all of them together may be.
 */
import type { Arm } from '../metrics/arms.ts';
import type { RunFolder, RunImage } from '../run/run-folder.ts';
import { groupBy } from '../stats/group.ts';
import { mean } from '../stats/mean.ts';
import { count } from '../analysis/numbers.ts';
import type { Shot } from './page/client/page-data.ts';
import { createPreviewer, PREVIEW_QUALITY, type Pixels, type Previewer } from './preview.ts';

/** All arms of one image. */
export interface GalleryImage {
  readonly image: string;
  readonly title: string | undefined;
  readonly artist: string | undefined;
  readonly width: number;
  readonly height: number;
  /** By `shotKey`. */
  readonly shots: Readonly<Record<string, Shot>>;
  /** WebP files in base64. */
  readonly pictures: Readonly<Record<string, string>>;
}

export interface Gallery {
  readonly images: readonly GalleryImage[];
  /** How the previews were made and what was left out, in words. */
  readonly rule: string;
}

/** Names an arm within an image; null if it has no protection or no attack. */
export const shotKey = (arm: Arm, protection: string | null, attack: string | null): string =>
  JSON.stringify([arm, protection, attack]);

/** Longer sides of previews, in pixels; below the last one, images are left out instead. */
const SIDES = [1024, 768, 512, 384, 256, 192] as const;

/** Pictures decoded at a time. */
const AT_ONCE = 4;

/** Makes the previews of a run; all together weigh at most about `budget` bytes of base64. */
export async function makeGallery(run: RunFolder, budget: number): Promise<Gallery> {
  const scenes = scenesOf(run);
  if (scenes.length === 0) return { images: [], rule: '' };
  const previewer = await createPreviewer();
  const { side, bytes: expected } = await planSide(scenes, previewer, budget);
  const wanted = Math.max(1, Math.min(scenes.length, Math.floor((scenes.length * budget) / expected)));

  const images: GalleryImage[] = [];
  let bytes = 0;
  for (const scene of spread(scenes, wanted)) {
    const image = await previewScene(scene, previewer, side);
    const size = Object.values(image.pictures).reduce((sum, text) => sum + text.length, 0);
    if (images.length > 0 && bytes + size > budget) break; // the sample was lighter than the rest
    bytes += size;
    images.push(image);
  }
  return { images, rule: ruleOf(run, scenes, images, side, budget) };
}

/** A picture and the one that its difference map is taken against. */
interface Exposure {
  readonly record: RunImage;
  readonly against: RunImage | undefined;
}

type Scene = readonly [Exposure, ...Exposure[]];

/** The arms of each image under the first seed; the clean picture leads. */
function scenesOf({ images }: RunFolder): Scene[] {
  const shown = images.filter(({ seed }) => seed === images[0]!.seed);
  return [...groupBy(shown, ({ image }) => image).values()].flatMap((records) => {
    const clean = records.find(({ arm }) => arm === 'clean');
    if (clean === undefined) return [];
    // An attack that is trained on a protection treats the clean image differently for each.
    const controlOf = ({ protection, attack }: RunImage): RunImage | undefined =>
      records.find(
        (record) =>
          record.arm === 'attacked-clean' &&
          record.attack === attack &&
          (record.protection ?? protection) === protection,
      );
    const others = records
      .filter((record) => record !== clean)
      .map((record) => ({
        record,
        against: record.arm === 'attacked-protected' ? controlOf(record) : clean,
      }));
    return [[{ record: clean, against: undefined }, ...others]];
  });
}

/** `n` items spread evenly over all. */
function spread<T>(items: readonly T[], n: number): T[] {
  return Array.from(
    { length: Math.min(n, items.length) },
    (_, i) => items[Math.floor((i * items.length) / Math.min(n, items.length))]!,
  );
}

/** The largest side whose previews are expected to fit, and what they are expected to weigh. */
async function planSide(
  scenes: readonly Scene[],
  previewer: Previewer,
  budget: number,
): Promise<{ side: number; bytes: number }> {
  const exposures = scenes.flat();
  const nPictures = sumOver(scenes, (scene) => new Set(scene.map(({ record }) => record.sha256)).size);
  const nMaps = sumOver(
    scenes,
    (scene) => new Set(scene.map(pairOf).filter((pair) => pair !== undefined)).size,
  );
  const nVisible = sumOver(
    scenes,
    (scene) => scene.filter(({ record }) => record.arm === 'protected').length,
  );
  const sample = await Promise.all(spread(exposures, 6).map((exposure) => loadBoth(exposure, previewer)));
  let plan = { side: SIDES[0] as number, bytes: 0 };
  for (const side of SIDES) {
    const sizes = await Promise.all(
      sample.map(async ([pixels, base]) => ({
        picture: pixels === undefined ? 0 : (await previewer.picture(pixels, side)).length,
        map: comparable(pixels, base) ? (await previewer.difference(pixels!, base!, side)).length : undefined,
      })),
    );
    const maps = sizes.flatMap(({ map }) => map ?? []);
    const picture = meanOrNone(sizes.map((size) => size.picture));
    plan = { side, bytes: (4 / 3) * 1.1 * ((nPictures + nVisible) * picture + nMaps * meanOrNone(maps)) };
    if (plan.bytes <= budget) break;
  }
  return plan;
}

const sumOver = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);

const meanOrNone = (values: readonly number[]): number => (values.length === 0 ? 0 : mean(values));

const pairOf = ({ record, against }: Exposure): string | undefined =>
  against === undefined ? undefined : `${record.sha256}/${against.sha256}`;

const comparable = (a: Pixels | undefined, b: Pixels | undefined): boolean =>
  a !== undefined && b !== undefined && a.width === b.width && a.height === b.height;

async function loadBoth(
  { record, against }: Exposure,
  previewer: Previewer,
): Promise<[Pixels | undefined, Pixels | undefined]> {
  return [
    await loadIfThere(record, previewer),
    against === undefined ? undefined : await loadIfThere(against, previewer),
  ];
}

/** A store may have been cleared since the run; the report is made without the pictures then. */
async function loadIfThere({ path }: RunImage, previewer: Previewer): Promise<Pixels | undefined> {
  try {
    return await previewer.load(path);
  } catch {
    return undefined;
  }
}

async function previewScene(scene: Scene, previewer: Previewer, side: number): Promise<GalleryImage> {
  const { image, title, artist, width, height } = scene[0].record;
  const pictures: Record<string, string> = {};
  const shots: Record<string, Shot> = {};
  const seen = new Set<string>();
  const keep = async (key: string, encode: () => Promise<Uint8Array>): Promise<string> => {
    if (!seen.has(key)) {
      seen.add(key);
      pictures[key] = Buffer.from(await encode()).toString('base64');
    }
    return key;
  };
  const expose = async ({ record, against }: Exposure, base: Pixels | undefined): Promise<Shot> => {
    const same = record.sha256 === against?.sha256;
    const pixels = same ? base : await loadIfThere(record, previewer);
    if (pixels === undefined) return { picture: null, difference: null };
    const picture = await keep(short(record), () => previewer.picture(pixels, side));
    if (base === undefined || !comparable(pixels, base)) return { picture, difference: null };
    const pair = same ? 'none' : `${short(record)}-${short(against!)}`;
    const difference = await keep(pair, () => previewer.difference(pixels, base, side));
    if (record.arm !== 'protected') return { picture, difference };
    const visible = await keep(`${short(record)}-visible`, () => previewer.visible(pixels, base, side));
    return { picture, difference, visible };
  };

  // Grouped by what they are compared with, so that each of those is decoded once.
  for (const [, group] of groupBy(scene, ({ against }) => against?.sha256 ?? '')) {
    const { against } = group[0]!;
    const base = against === undefined ? undefined : await loadIfThere(against, previewer);
    for (let i = 0; i < group.length; i += AT_ONCE) {
      const together = group.slice(i, i + AT_ONCE).map(async (exposure) => {
        const { arm, protection, attack } = exposure.record;
        shots[shotKey(arm, protection, attack)] = await expose(exposure, base);
      });
      await Promise.all(together);
    }
  }
  return { image, title, artist, width, height, shots: sorted(shots), pictures: sorted(pictures) };
}

/** Enough of the hash to tell the pictures of one image apart. */
const short = ({ sha256 }: RunImage): string => sha256.slice(0, 16);

/** With keys in order, so that the page does not depend on which picture was ready first. */
const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function ruleOf(
  { images: records }: RunFolder,
  scenes: readonly Scene[],
  images: readonly GalleryImage[],
  side: number,
  budget: number,
): string {
  const largest = Math.max(...records.map(({ width, height }) => Math.max(width, height)));
  const size =
    largest <= side
      ? 'Images are shown at full size'
      : `Previews are at most ${side} px on the longer side (originals: up to ${largest} px)`;
  const seeds = new Set(records.map(({ seed }) => seed)).size;
  const lost = sumOver(
    images,
    ({ shots }) => Object.values(shots).filter(({ picture }) => picture === null).length,
  );
  return [
    `${size}. They are WebP files of quality ${PREVIEW_QUALITY}; all together stay under ${Math.round(budget / 1e6)} MB.`,
    images.length < scenes.length &&
      `${images.length} of ${count(scenes.length, 'image')} are shown, spread evenly over the data set.`,
    seeds > 1 && `Only the first of ${seeds} seeds is shown (seed ${records[0]!.seed}).`,
    lost > 0 && `${count(lost, 'image file')} could not be read from the artefact store.`,
  ]
    .filter((sentence) => sentence !== false)
    .join(' ');
}
