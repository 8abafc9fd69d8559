import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onHub } from '../../src/models/entry.ts';
import { modelHome } from '../../src/models/home.ts';
import { downloadPath, locateFile } from '../../src/models/locate.ts';
import { writeLock } from '../../src/models/lock.ts';
import { absoluteDistance, emptyHome, entry, save, temporaryFolder } from './fixture.ts';

const FILE = 'far.onnx';
const role = { perceptual: { file: FILE } };

async function example() {
  const { path, sha256 } = await save(absoluteDistance, join(await temporaryFolder(), FILE));
  const bytes = (await import('node:fs')).statSync(path).size;
  return {
    path,
    sha256,
    bytes,
    known: entry({ id: 'far', roles: role, files: { [FILE]: { sha256, bytes } } }),
  };
}

describe('a file of a model', () => {
  it('is absent where no place has it', async () => {
    const { known } = await example();
    expect(await locateFile(known, FILE, await emptyHome())).toMatchObject({ state: 'absent', path: null });
  });

  it('is found in a folder by its name, and the registry vouches for it', async () => {
    const { path, known } = await example();
    const home = await emptyHome({ folders: [join(path, '..')] });
    expect(await locateFile(known, FILE, home)).toMatchObject({ state: 'ok', trust: 'registry', path });
  });

  it('is found under any other name by its hash', async () => {
    const { path, known } = await example();
    const folder = await temporaryFolder();
    await copyFile(path, join(folder, 'renamed.bin'));
    expect(await locateFile(known, FILE, await emptyHome({ folders: [folder] }))).toMatchObject({
      state: 'ok',
      path: join(folder, 'renamed.bin'),
    });
  });

  it('is found by an index that lists its hash in a subfolder', async () => {
    const { path, sha256, known } = await example();
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'deep'));
    await copyFile(path, join(folder, 'deep', 'x.onnx'));
    await writeFile(join(folder, 'index.json'), JSON.stringify([{ file: 'deep/x.onnx', sha256 }]));
    expect(await locateFile(known, FILE, await emptyHome({ folders: [folder] }))).toMatchObject({
      state: 'ok',
      path: join(folder, 'deep', 'x.onnx'),
    });
  });

  it('with other bytes than the registry lists is changed, not found', async () => {
    const { path, sha256, known } = await example();
    await writeFile(path, 'something else');
    const home = await emptyHome({ folders: [join(path, '..')] });
    expect(await locateFile(known, FILE, home)).toMatchObject({ state: 'changed', listed: sha256 });
  });

  it('with a wrong hash in one folder is passed over for a right one in the next', async () => {
    const [good, bad] = [await example(), await temporaryFolder()];
    await writeFile(join(bad, FILE), 'damaged');
    const home = await emptyHome({ folders: [bad, join(good.path, '..')] });
    expect(await locateFile(good.known, FILE, home)).toMatchObject({ state: 'ok', path: good.path });
  });

  it('that the registry has no hash for is held to its first download', async () => {
    const { path, sha256, bytes } = await example();
    const unknown = entry({ id: 'far', roles: role, files: { [FILE]: {} } });
    const home = await emptyHome();
    const at = downloadPath(home, 'far', FILE);
    await mkdir(join(at, '..'), { recursive: true });
    await copyFile(path, at);
    const locked = { sha256, bytes, url: 'https://example.org/far.onnx', downloaded: '2026-01-01T00:00:00Z' };
    await writeLock(home.cache, 'far', { [FILE]: locked });
    expect(await locateFile(unknown, FILE, home)).toMatchObject({ state: 'ok', trust: 'first-download' });
    await writeFile(at, 'other bytes');
    expect(await locateFile(unknown, FILE, home)).toMatchObject({ state: 'changed', listed: sha256 });
  });

  it('is found in the cache of Hugging Face’s programs', async () => {
    const { path } = await example();
    const home = await emptyHome();
    const files = { [FILE]: { url: onHub('some/model', 'onnx/far.onnx') } };
    const snapshot = join(home.hub, 'models--some--model', 'snapshots', 'abc', 'onnx');
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(home.hub, 'models--some--model', 'refs'), { recursive: true });
    await writeFile(join(home.hub, 'models--some--model', 'refs', 'main'), 'abc\n');
    await copyFile(path, join(snapshot, 'far.onnx'));
    expect(await locateFile(entry({ id: 'far', roles: role, files }), FILE, home)).toMatchObject({
      state: 'ok',
      trust: 'hub-cache',
    });
  });

  it('that ships with the package is looked for there only', async () => {
    const { path, sha256 } = await example();
    const home = await emptyHome({ folders: [join(path, '..')] });
    const own = entry({ id: 'far', roles: role, files: { [FILE]: { sha256 } }, embedded: true });
    expect(await locateFile(own, FILE, home)).toMatchObject({ state: 'absent' });
    await save(absoluteDistance, join(home.embedded, 'far', FILE));
    expect(await locateFile(own, FILE, home)).toMatchObject({ state: 'ok', trust: 'registry' });
  });
});

describe('the home of models', () => {
  it('takes its places from the environment', () => {
    const home = modelHome({
      CRAQUELURE_MODELS: ['/a', '', '/b'].join(delimiter),
      CRAQUELURE_CACHE: '/c',
      HF_HOME: '/h',
    });
    expect(home).toMatchObject({ folders: ['/a', '/b'], cache: '/c', hub: join('/h', 'hub') });
  });
});
