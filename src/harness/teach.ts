/** @file Does a learn job: teaches the pictures of the store, and stores what the model makes then, and what it has learnt. */
import { type Lesson, teach } from '../diffusion/lesson.ts';
import { adapterTensors } from '../diffusion/lora-file.ts';
import type { OpenRole } from '../diffusion/open.ts';
import { encodeSafetensors } from '../onnx/safetensors.ts';
import { seededRandom } from '../random.ts';
import type { Means, Workbench } from './execute.ts';
import type { ArtefactOutput, JobContext, LearnJob, LearnOutput } from './jobs.ts';

/** Teaches and asks, and stores the pictures and the weights. @throws what training and sampling throw */
export async function teachPictures(
  { steps: [step], seed }: LearnJob,
  context: JobContext,
  { pictures, store }: Pick<Workbench, 'pictures' | 'store'>,
  { modelsOf, signal, onProgress }: Means,
): Promise<LearnOutput> {
  const models = modelsOf(step!);
  const open: OpenRole = (role) => models.open(role);
  const lesson = step!.params as unknown as Lesson;
  const taught = context.pictures!.inputs.map((picture) => ({
    caption: picture.caption ?? '',
    load: () => pictures.load(picture.sha256),
  }));
  const { images, losses, adapter } = await teach(lesson, taught, {
    open,
    random: seededRandom(seed),
    signal,
    onProgress,
  });
  const saved: ArtefactOutput[] = [];
  for (const image of images) saved.push(await pictures.save(image));
  if (adapter === undefined) return { pictures: saved, losses, weights: null };
  const bytes = encodeSafetensors(adapterTensors(adapter, 'diffusers'), { format: 'pt' });
  const sha256 = await store.writeBlob(bytes, 'safetensors');
  return { pictures: saved, losses, weights: { sha256, bytes: bytes.length } };
}
