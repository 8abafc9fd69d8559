import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../src/datasets/dataset.ts';
import { absentModel, wrongDownload } from '../../src/messages.ts';
import { takeInventory } from '../../src/models/inventory.ts';
import { downloadPath } from '../../src/models/locate.ts';
import { readLock } from '../../src/models/lock.ts';
import { pullModel } from '../../src/models/pull.ts';
import { serve } from '../datasets/server.ts';
import { absoluteDistance, emptyHome, entry, save, temporaryFolder } from './fixture.ts';

const roles = { perceptual: { file: 'far.onnx' } };

async function served() {
  const { path, sha256 } = await save(absoluteDistance, join(await temporaryFolder(), 'far.onnx'));
  const bytes = await readFile(path);
  const server = await serve(bytes);
  return { bytes, sha256, url: `${server.url}/far.onnx`, asked: server.asked };
}

describe('pulling a model', () => {
  it('fetches what is missing, once, and the registry vouches for it', async () => {
    const { url, sha256, asked } = await served();
    const home = await emptyHome();
    const far = entry({ id: 'far', roles, files: { 'far.onnx': { url, sha256 } } });
    expect(await pullModel(far, home)).toMatchObject([{ state: 'ok', trust: 'registry', sha256 }]);
    await pullModel(far, home);
    expect(asked).toHaveLength(1);
  });

  it('records what came where the registry knows no hash, and holds later downloads to it', async () => {
    const { url, sha256, bytes } = await served();
    const home = await emptyHome();
    const far = entry({ id: 'far', roles, files: { 'far.onnx': { url } } });
    expect(await pullModel(far, home)).toMatchObject([{ state: 'ok', trust: 'first-download' }]);
    const lock = await readLock(home.cache, 'far');
    expect(lock['far.onnx']).toMatchObject({ sha256, bytes: bytes.length, url });

    const other = await serve(Buffer.from('something else'));
    const moved = entry({ id: 'far', roles, files: { 'far.onnx': { url: `${other.url}/far.onnx` } } });
    await rm(downloadPath(home, 'far', 'far.onnx'));
    await expect(pullModel(moved, home)).rejects.toThrow(
      wrongDownload(`${other.url}/far.onnx`, sha256, sha256Of('something else')),
    );
    expect(await pullModel(moved, home, { force: true })).toMatchObject([{ state: 'ok' }]);
  });

  it('says how to make a file that is published nowhere', async () => {
    const far = entry({ id: 'far', roles, files: { 'far.onnx': {} }, obtain: 'export it' });
    await expect(pullModel(far, await emptyHome())).rejects.toThrow(
      absentModel('far', ['far.onnx'], { published: false, obtain: 'export it' }),
    );
  });
});

describe('the inventory', () => {
  it('tells the state of each model, and of absent files what the registry knows', async () => {
    const { url, sha256 } = await served();
    const home = await emptyHome();
    const far = entry({ id: 'far', roles, files: { 'far.onnx': { url, sha256, bytes: 7 } } });
    const two = entry({ id: 'two', roles, files: { 'far.onnx': { url, sha256 }, more: {} } });
    const states = async () => (await takeInventory([far, two], home)).map(({ state }) => state);
    expect(await states()).toEqual(['absent', 'absent']);
    const [row] = await takeInventory([far], home);
    expect(row!.files).toEqual([{ name: 'far.onnx', state: 'absent', path: null, bytes: 7, sha256 }]);
    await pullModel(far, home);
    await pullModel(two, home).catch(() => undefined);
    expect(await states()).toEqual(['here', 'partial']);
    await save({ ...absoluteDistance, irVersion: 7 }, downloadPath(home, 'far', 'far.onnx'));
    expect(await states()).toEqual(['changed', 'partial']);
  });
});
