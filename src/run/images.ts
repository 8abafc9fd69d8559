/** @file `images.json`: where every arm's image lies, for the report's gallery and for `export --images`. */
import { attacks } from '../attacks/index.ts';
import type { DatasetItem } from '../datasets/dataset.ts';
import type { Setting } from '../experiment/setting.ts';
import type { ArtefactOutput, GetRecord } from '../jobs/job.ts';
import type { Store } from '../jobs/store.ts';
import type { Arm, RowArm } from '../metrics/arms.ts';
import { artefactOf } from '../plan/arms.ts';
import type { Plan } from '../plan/plan.ts';
import { storedRecords } from '../plan/stored.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import type { RunImage } from './run-folder.ts';

/** The images of a plan that the store holds, each distinct arm once; missing ones are left out. */
export async function collectImages(plan: Plan, store: Store): Promise<RunImage[]> {
  const { ifStored } = storedRecords(store);
  const images: RunImage[] = [];
  for (const arm of distinctArms(plan)) {
    for (const item of plan.items) {
      const found = await ifStored((get) => timedArtefact(plan, arm, item, get));
      if (found !== undefined) images.push(runImage(arm, item, found, store));
    }
  }
  return images;
}

/** The image of an arm, and the time of the last job on the way to it. */
async function timedArtefact(
  plan: Plan,
  { arm, ...settings }: DistinctArm,
  item: DatasetItem,
  get: GetRecord,
): Promise<{ output: ArtefactOutput; ms: number }> {
  let ms = 0;
  const output = await artefactOf(plan, settings, arm, item, async (job, context) => {
    const record = await get(job, context);
    ms = record.ms;
    return record;
  });
  return { output, ms };
}

function runImage(
  { arm, protection, attack, seed }: DistinctArm,
  { id, artist, title, caption }: DatasetItem,
  { output, ms }: { output: ArtefactOutput; ms: number },
  store: Store,
): RunImage {
  const { sha256, width, height, linfPx, psnr, ssim, perceptual, notes } = output;
  return {
    image: id,
    arm,
    protection: isProtected(arm, attack) ? protection.label : null,
    attack: isAttacked(arm) ? attack.label : null,
    seed,
    sha256,
    width,
    height,
    ...(linfPx !== undefined && { linfPx }),
    ...(typeof psnr === 'number' && { psnr }),
    ...(ssim !== undefined && { ssim }),
    ...(perceptual !== undefined && { perceptual }),
    ms,
    path: store.blobPath(sha256),
    ...(artist !== undefined && { artist }),
    ...(title !== undefined && { title }),
    ...(caption !== undefined && { caption }),
    ...(notes && { notes }),
  };
}

/** Whether an arm's image was attacked. */
export const isAttacked = (arm: RowArm): boolean => arm === 'attacked-clean' || arm === 'attacked-protected';

/** Whether an arm's image depends on the protection: attack(clean) does, too, if the attack was trained on it. */
export const isProtected = (arm: RowArm, attack: Setting): boolean =>
  arm === 'protected' || arm === 'attacked-protected' || (arm === 'attacked-clean' && isTrained(attack));

const isTrained = ({ links }: Setting): boolean =>
  links.some(({ id }) => resolvePlugin('attack', attacks, id).training !== undefined);

interface DistinctArm {
  readonly arm: Arm;
  readonly protection: Setting;
  readonly attack: Setting;
  readonly seed: number;
}

/** Every arm of the plan's cells once: cells that differ in the metric alone share their images. */
function distinctArms(plan: Plan): DistinctArm[] {
  const arms = new Map<string, DistinctArm>();
  const add = (key: unknown[], arm: DistinctArm): void => {
    const name = JSON.stringify(key);
    if (!arms.has(name)) arms.set(name, arm);
  };
  for (const { protection, attack, seed } of plan.cells) {
    const settings = { protection, attack, seed };
    add(['clean'], { arm: 'clean', ...settings });
    add(['protected', protection.label, seed], { arm: 'protected', ...settings });
    const trainedOn = isTrained(attack) ? protection.label : null;
    add(['attacked-clean', trainedOn, attack.label, seed], { arm: 'attacked-clean', ...settings });
    add(['attacked-protected', protection.label, attack.label, seed], {
      arm: 'attacked-protected',
      ...settings,
    });
  }
  return [...arms.values()];
}
