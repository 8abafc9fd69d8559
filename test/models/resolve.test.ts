import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  absentModel,
  changedModel,
  damagedPackage,
  incompleteFolder,
  missingModel,
  missingTokenizer,
  underspecifiedVae,
} from '../../src/messages/index.ts';
import { parseModelChoices } from '../../src/models/choice.ts';
import { resolveNeeds } from '../../src/models/resolve.ts';
import { absoluteDistance, emptyHome, entry, poolingEncoder, save, temporaryFolder } from './fixture.ts';

const need = (role: 'perceptual' | 'vae-encoder' | 'unet' | 'text-encoder', by = 'plugin') => ({ role, by });

describe('resolving models', () => {
  it('takes the chosen one, with its hash and its terms', async () => {
    const folder = await temporaryFolder();
    const { path, sha256 } = await save(absoluteDistance, join(folder, 'far.onnx'));
    const far = entry({
      id: 'far',
      roles: { perceptual: { file: 'far.onnx' } },
      files: { 'far.onnx': { sha256 } },
    });
    const home = await emptyHome({ entries: [far], folders: [folder] });
    const choices = parseModelChoices({ perceptual: 'far' }, undefined, home.entries);
    const [model] = await resolveNeeds([need('perceptual')], choices, { home, baseDirs: [] });
    expect(model).toMatchObject({ id: 'far', role: 'perceptual', licence: 'CC0', trust: 'registry' });
    expect(model!.files).toEqual([expect.objectContaining({ path, sha256 })]);
  });

  it('falls back to the embedded model of a role', async () => {
    const home = await emptyHome();
    const { sha256 } = await save(absoluteDistance, join(home.embedded, 'own', 'far.onnx'));
    const files = { 'far.onnx': { sha256 } };
    const own = entry({ id: 'own', roles: { perceptual: { file: 'far.onnx' } }, files, embedded: true });
    const [model] = await resolveNeeds(
      [need('perceptual')],
      {},
      { home: { ...home, entries: [own] }, baseDirs: [] },
    );
    expect(model!.id).toBe('own');
  });

  it('tells a package whose embedded files are missing or changed to be installed again', async () => {
    const home = await emptyHome();
    const own = entry({
      id: 'own',
      roles: { perceptual: { file: 'far.onnx' } },
      files: { 'far.onnx': { sha256: '0'.repeat(64) } },
      embedded: true,
    });
    const attempt = () =>
      resolveNeeds([need('perceptual')], {}, { home: { ...home, entries: [own] }, baseDirs: [] });
    const damaged = damagedPackage('own', ['far.onnx'], join(home.embedded, 'own')).message;
    await expect(attempt()).rejects.toThrow(damaged);
    await save(absoluteDistance, join(home.embedded, 'own', 'far.onnx'));
    await expect(attempt()).rejects.toThrow(damaged);
  });

  it('says which models would fill a role that nothing plays, and all such roles at once', async () => {
    const url = 'https://example.org/far.onnx';
    const far = entry({ id: 'far', roles: { perceptual: { file: 'f' } }, files: { f: { url } } });
    const home = await emptyHome({ entries: [far] });
    const attempt = resolveNeeds(
      [need('perceptual', 'x'), need('perceptual', 'y'), need('unet', 'z')],
      {},
      { home, baseDirs: [] },
    );
    await expect(attempt).rejects.toThrow(
      missingModel('perceptual', ['x', 'y'], [{ id: 'far', here: false, published: true }]).message,
    );
    await expect(attempt).rejects.toThrow(missingModel('unet', ['z'], []).message);
  });

  it('says how to get a chosen model that is not here', async () => {
    const files = { f: { url: 'https://example.org/f' } };
    const far = entry({ id: 'far', roles: { perceptual: { file: 'f' } }, files });
    const home = await emptyHome({ entries: [far] });
    const pinned = { ...need('perceptual'), model: 'far' };
    await expect(resolveNeeds([pinned], {}, { home, baseDirs: [] })).rejects.toThrow(
      absentModel('far', ['f'], { published: true, obtain: undefined }),
    );
  });

  it('refuses a file with another hash than listed', async () => {
    const folder = await temporaryFolder();
    const { path, sha256 } = await save(absoluteDistance, join(folder, 'far.onnx'));
    const listed = 'a'.repeat(64);
    const far = entry({
      id: 'far',
      roles: { perceptual: { file: 'far.onnx' } },
      files: { 'far.onnx': { sha256: listed } },
    });
    const home = await emptyHome({ entries: [far], folders: [folder] });
    await expect(
      resolveNeeds([{ ...need('perceptual'), model: 'far' }], {}, { home, baseDirs: [] }),
    ).rejects.toThrow(changedModel('far', path, listed, sha256, false));
  });
});

describe('models of the user’s own', () => {
  it('are found beside the experiment, and their numbers are part of the key', async () => {
    const folder = await temporaryFolder();
    await save(poolingEncoder, join(folder, 'e.onnx'));
    const surroundings = { home: await emptyHome(), baseDirs: ['/nowhere', folder] };
    const keyOf = async (scale: number) => {
      const choices = parseModelChoices({ vae: { encoder: './e.onnx', scale, range: [-1, 1] } });
      const [model] = await resolveNeeds([need('vae-encoder')], choices, surroundings);
      expect(model).toMatchObject({ id: './e.onnx', trust: 'own', fill: { multiple: 8, latent: { scale } } });
      return model!.key;
    };
    expect(await keyOf(0.18215)).not.toBe(await keyOf(0.13025));
  });

  it('need scale and range where they are autoencoders', async () => {
    const folder = await temporaryFolder();
    await save(poolingEncoder, join(folder, 'e.onnx'));
    const choices = parseModelChoices({ vae: './e.onnx' });
    await expect(
      resolveNeeds([need('vae-encoder')], choices, { home: await emptyHome(), baseDirs: [folder] }),
    ).rejects.toThrow(underspecifiedVae('./e.onnx', ['scale', 'range']));
  });

  it('may be a folder in the diffusers layout, whose config tells the scale', async () => {
    const folder = await temporaryFolder();
    await save(poolingEncoder, join(folder, 'vae_encoder', 'model.onnx'));
    await writeFile(join(folder, 'vae_encoder', 'config.json'), '{"scaling_factor": 0.13025}');
    const choices = parseModelChoices({ vae: folder });
    const surroundings = { home: await emptyHome(), baseDirs: [folder] };
    const [model] = await resolveNeeds([need('vae-encoder')], choices, surroundings);
    expect(model!.fill).toEqual({ mean: 0.5, std: 0.5, multiple: 8, latent: { scale: 0.13025 } });
  });

  it('that lack a part, or a tokenizer, say so with the command that mends it', async () => {
    const folder = await temporaryFolder();
    const surroundings = { home: await emptyHome(), baseDirs: [folder] };
    const choices = parseModelChoices({ diffusion: folder });
    await expect(resolveNeeds([need('unet')], choices, surroundings)).rejects.toThrow(
      incompleteFolder(folder, 'unet', 'unet/model.onnx', 'unet'),
    );
    await save(absoluteDistance, join(folder, 'text_encoder', 'model.onnx'));
    await expect(resolveNeeds([need('text-encoder')], choices, surroundings)).rejects.toThrow(
      missingTokenizer(folder),
    );
    for (const name of ['vocab.json', 'merges.txt']) {
      const path = join(folder, 'tokenizer', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, '{}');
    }
    const [model] = await resolveNeeds([need('text-encoder')], choices, surroundings);
    expect(model!.files).toHaveLength(3);
    await rm(join(folder, 'tokenizer', 'merges.txt'));
    await expect(resolveNeeds([need('text-encoder')], choices, surroundings)).rejects.toThrow('no tokenizer');
  });

  it('that are not there say where they were looked for', async () => {
    const choices = parseModelChoices({ perceptual: './no.onnx' });
    await expect(
      resolveNeeds([need('perceptual')], choices, { home: await emptyHome(), baseDirs: ['/a', '/b'] }),
    ).rejects.toThrow('Looked for: /a/no.onnx, /b/no.onnx');
  });
});
