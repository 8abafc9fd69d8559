/** @file A registry of tiny models in folders of a test's own. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { type ModelEntry, pixelRange } from '../../src/models/entry.ts';
import { hashOf } from '../../src/files/hashes.ts';
import type { ModelHome } from '../../src/models/home.ts';
import { type ResolvedModel, resolveModel } from '../../src/models/resolve.ts';
import { writeModel } from '../../src/onnx/files.ts';
import type { Model } from '../../src/onnx/model.ts';
import { ints, modelOf, node, port } from '../runtime/models.ts';

const folders: string[] = [];

/** A temporary folder, removed when the file's tests are over. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-models-'));
  folders.push(dir);
  return dir;
}

afterAll(() => Promise.all(folders.map((dir) => rm(dir, { recursive: true, force: true }))));

/** `latent = mean of 8x8 pixels`, under an exporter's names. */
export const poolingEncoder = modelOf({
  inputs: [port('sample', ['batch', 3, 'height', 'width'])],
  outputs: [port('latent_sample', ['batch', 3, 'height/8', 'width/8'])],
  nodes: [
    node('AveragePool', ['sample'], ['latent_sample'], { kernel_shape: ints([8, 8]), strides: ints([8, 8]) }),
  ],
});

/** `distance = mean of |a - b|`. */
export const absoluteDistance = modelOf({
  inputs: [port('a', ['n', 3, 'h', 'w']), port('b', ['n', 3, 'h', 'w'])],
  outputs: [port('distance', ['n'])],
  nodes: [
    node('Sub', ['a', 'b'], ['difference']),
    node('Abs', ['difference'], ['magnitude']),
    node('ReduceMean', ['magnitude'], ['distance'], {
      axes: ints([1, 2, 3]),
      keepdims: { kind: 'int', value: 0 },
    }),
  ],
});

/** Writes a model, folders included, and gives its path and hash. */
export async function save(model: Model, path: string): Promise<{ path: string; sha256: string }> {
  await mkdir(dirname(path), { recursive: true });
  await writeModel(model, path);
  return { path, sha256: await hashOf(path) };
}

/** An entry with everything that tests do not look at filled in. */
export const entry = (
  parts: Pick<ModelEntry, 'id' | 'roles' | 'files'> & Partial<ModelEntry>,
): ModelEntry => ({
  summary: 'For tests.',
  source: 'this test',
  licence: 'CC0',
  dtype: 'float32',
  protocol: 'none',
  ...parts,
});

/** A home whose places are empty folders. */
export async function emptyHome(parts: Partial<ModelHome> = {}): Promise<ModelHome> {
  const dir = await temporaryFolder();
  return {
    entries: [],
    embedded: join(dir, 'embedded'),
    folders: [],
    cache: join(dir, 'cache'),
    hub: join(dir, 'hub'),
    ...parts,
  };
}

/** A model written to a file of its own, in the role `vae-encoder`, for pixels and latents as they are. */
export async function encoderOf(model: Model): Promise<ResolvedModel & { readonly role: 'vae-encoder' }> {
  const { path } = await save(model, join(await temporaryFolder(), 'encoder.onnx'));
  const fill = { ...pixelRange(0, 1), scale: 1 };
  const choice = { kind: 'file', path, fill } as const;
  const found = await resolveModel('vae-encoder', choice, { home: await emptyHome(), baseDirs: ['/'] });
  return { ...found, role: 'vae-encoder' };
}

/** The mean absolute difference in the role `perceptual`. */
export async function distanceModel(): Promise<ResolvedModel & { readonly role: 'perceptual' }> {
  const { path } = await save(absoluteDistance, join(await temporaryFolder(), 'distance.onnx'));
  const choice = { kind: 'file', path, fill: {} } as const;
  const found = await resolveModel('perceptual', choice, { home: await emptyHome(), baseDirs: ['/'] });
  return { ...found, role: 'perceptual' };
}

/** The pooling encoder as a surrogate: its latents are linear in the pixels. */
export const poolingModel = () => encoderOf(poolingEncoder);
