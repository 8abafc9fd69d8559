import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sha256 as hashOfText } from '../../src/files/hashes.ts';
import { absentModel, interrupted, wrongDownload } from '../../src/messages/index.ts';
import { takeInventory } from '../../src/models/inventory.ts';
import type { ModelEntry } from '../../src/models/entry.ts';
import type { ModelHome } from '../../src/models/home.ts';
import { downloadPath } from '../../src/models/locate.ts';
import { readLock } from '../../src/models/lock.ts';
import { resolveModel } from '../../src/models/resolve.ts';
import { pullModel } from '../../src/models/pull.ts';
import { builtModule } from '../built-program.ts';
import { serve } from '../files/server.ts';
import { absoluteDistance, emptyHome, entry, save, temporaryFolder } from './fixture.ts';

const roles = { perceptual: { file: 'far.onnx' } };

async function served() {
  const { path, sha256 } = await save(absoluteDistance, join(await temporaryFolder(), 'far.onnx'));
  const bytes = await readFile(path);
  const server = await serve(bytes);
  return { bytes, sha256, url: `${server.url}/far.onnx`, asked: server.asked };
}

/** Pulls in a process of its own, with the built program. */
async function pullElsewhere(far: ModelEntry, home: ModelHome) {
  const script = `
    import { pullModel } from ${JSON.stringify(pathToFileURL(builtModule('models/pull.js')).href)};
    const told = [];
    const [entry, home] = ${JSON.stringify([far, home])};
    const found = await pullModel(entry, home, { onWait: (holder) => told.push(holder) });
    console.log(JSON.stringify({ pid: process.pid, told, found }));`;
  const node = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse((await node).stdout) as { pid: number; told: string[]; found: unknown };
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
      wrongDownload(`${other.url}/far.onnx`, sha256, hashOfText('something else')),
    );
    expect(await pullModel(moved, home, { force: true })).toMatchObject([{ state: 'ok' }]);
  });

  it('twice at once in two processes fetches once; the other waits, says for whom, and has the same file', async () => {
    const { url, sha256, asked } = await served();
    const home = await emptyHome();
    const far = entry({ id: 'far', roles, files: { 'far.onnx': { url, sha256 } } });
    const [one, two] = await Promise.all([pullElsewhere(far, home), pullElsewhere(far, home)]);
    expect(asked).toHaveLength(1);
    for (const { found } of [one!, two!]) expect(found).toMatchObject([{ state: 'ok', sha256 }]);
    const told = [...one!.told, ...two!.told];
    expect(told.length).toBeLessThanOrEqual(1); // none where one was done before the other began
    if (told.length > 0) expect([`process ${one!.pid}`, `process ${two!.pid}`]).toContain(told[0]);
    expect((await readdir(dirname(downloadPath(home, 'far', 'x')))).toSorted()).toEqual([
      'far.onnx',
      'lock.json',
    ]);
  });

  it('waits for a living holder, and takes over from one that is gone', async () => {
    const { url, sha256, asked } = await served();
    const home = await emptyHome();
    const far = entry({ id: 'far', roles, files: { 'far.onnx': { url, sha256 } } });
    const claim = downloadPath(home, 'far', '.pulling');
    await mkdir(dirname(claim), { recursive: true });

    await writeFile(claim, `${process.pid} 99 ${hostname()}`);
    const abort = new AbortController();
    const told: string[] = [];
    const onWait = (holder: string): void => {
      told.push(holder);
      abort.abort();
    };
    await expect(pullModel(far, home, { onWait, signal: abort.signal })).rejects.toThrow(interrupted());
    expect(told).toEqual([`process ${process.pid}`]);
    expect(asked).toHaveLength(0);

    const gone = spawnSync(process.execPath, ['--version']).pid;
    await writeFile(claim, `${gone} 0 ${hostname()}`);
    const both = await Promise.all([pullModel(far, home), pullModel(far, home)]);
    expect(both).toMatchObject([[{ state: 'ok', sha256 }], [{ state: 'ok', sha256 }]]);
    expect(asked).toHaveLength(1);

    await rm(downloadPath(home, 'far', 'far.onnx'));
    await writeFile(claim, '1 0 another-machine');
    const past = new Date(Date.now() - 3_600_000);
    await utimes(claim, past, past);
    expect(await pullModel(far, home)).toMatchObject([{ state: 'ok', sha256 }]);
  });

  it('takes the files of its owners if nobody publishes an export, and uses an export that is here all the same', async () => {
    const { url, bytes } = await served();
    const home = await emptyHome();
    const published = {
      roles: { perceptual: { file: 'net.pth', network: 'LPIPS' } },
      files: { 'net.pth': { url } },
    };
    const far = entry({ id: 'far', roles, files: { 'far.onnx': {} }, published });
    expect(await pullModel(far, home)).toMatchObject([{ name: 'net.pth', state: 'ok' }]);
    const resolve = () =>
      resolveModel(
        'perceptual',
        { kind: 'entry', id: 'far' },
        { home: { ...home, entries: [far] }, baseDirs: [] },
      );
    expect((await resolve()).fill).toEqual({ network: 'LPIPS' });
    expect(await takeInventory([far], home)).toMatchObject([{ state: 'here', published: true }]);
    await writeFile(downloadPath(home, 'far', 'far.onnx'), bytes);
    expect((await resolve()).fill).toEqual({});
  });

  it('holds a download to the beginning of its hash, if that is all that is known', async () => {
    const { url, sha256 } = await served();
    const home = await emptyHome();
    const begun = (sha256Begins: string) =>
      entry({ id: 'far', roles, files: { 'far.onnx': { url, sha256Begins } } });
    await expect(pullModel(begun('00000000'), home)).rejects.toThrow(
      wrongDownload(url, '00000000...', sha256),
    );
    expect(await takeInventory([begun('00000000')], home)).toMatchObject([{ state: 'absent' }]);
    expect(await pullModel(begun(sha256.slice(0, 8)), home)).toMatchObject([{ state: 'ok', sha256 }]);
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
