/** @file `images.json`: where every arm's picture lies, for the report's gallery and for `export --images`. */
import { attacks } from '../attacks/index.ts';
import { resolvePlugin } from '../plugin/resolve.ts';
import type { Plan } from '../plan/plan.ts';
import { artefactOf } from '../plan/plan.ts';
import { type JobRecord, jobKey } from '../jobs/job.ts';
import type { Arm, RowArm } from './rows.ts';
import type { RunImage, Setting } from './run-folder.ts';
import type { Store } from '../jobs/store.ts';

/** The pictures of a plan that the store holds, each distinct arm once; missing ones are left out. */
export async function collectImages(plan: Plan, store: Store): Promise<RunImage[]> {
  const found = new Map<string, Promise<JobRecord>>();
  const lookUp = (key: string): Promise<JobRecord> => {
    const record = found.get(key) ?? store.find(key).then((each) => each ?? Promise.reject(new NotStored()));
    found.set(key, record);
    record.catch(() => undefined);
    return record;
  };
  const images: RunImage[] = [];
  for (const { arm, protection, attack, seed } of distinctArms(plan)) {
    for (const item of plan.items) {
      try {
        let ms = 0; // of the last job on the way
        const output = await artefactOf(plan, { protection, attack, seed }, arm, item, async (job) => {
          const record = await lookUp(jobKey(job));
          ms = record.ms;
          return record;
        });
        const { sha256, width, height, linfPx, psnr, ssim, perceptual, notes } = output;
        images.push({
          image: item.id,
          arm,
          protection: isProtected(arm, attack) ? protection.label : null,
          attack: arm === 'attacked-clean' || arm === 'attacked-protected' ? attack.label : null,
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
          ...(item.artist !== undefined && { artist: item.artist }),
          ...(item.title !== undefined && { title: item.title }),
          ...(item.caption !== undefined && { caption: item.caption }),
          ...(notes && { notes }),
        });
      } catch (error) {
        if (!(error instanceof NotStored)) throw error;
      }
    }
  }
  return images;
}

class NotStored extends Error {}

/** Whether an arm's picture depends on the protection: attack(clean) does, too, where the attack has learnt from it. */
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

/** Every arm of the plan's cells once: cells that differ in the metric alone share their pictures. */
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
