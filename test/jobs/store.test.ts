import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JobRecord } from '../../src/jobs/job.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { keyOf } from '../../src/files/keys.ts';
import { openRowsFile } from '../../src/run/rows-file.ts';
import type { Row } from '../../src/run/rows.ts';
import { RUN_FILES } from '../../src/run/names.ts';
import { temporaryIn } from '../../src/files/temporaries.ts';
import { openStore } from '../../src/jobs/store.ts';
import { corruptArtefact, diskFull } from '../../src/messages/index.ts';
import { itOnTinyDisk } from '../tiny-disk.ts';
import { temporaryFolder } from '../run-fixture.ts';

const bytes = new Uint8Array([1, 2, 3, 4]);

const record = (hash: string, size: number): JobRecord => ({
  key: keyOf('some job'),
  job: { stage: 'import', version: 1, source: 'ab', maxPixels: 1 },
  ms: 1,
  output: { sha256: hash, bytes: size, width: 1, height: 1 },
});

describe('the artefact store', () => {
  itOnTinyDisk('says that the disk is full, leaves nothing half written and goes on', 64, async (dir) => {
    const store = openStore(dir);
    const large = new Uint8Array(100_000).fill(7);
    const path = store.blobPath(sha256(large));
    await expect(store.writeBlob(large)).rejects.toThrow(diskFull(path));
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
    const hash = await store.writeBlob(bytes);
    expect(Buffer.from(await store.readBlob(hash))).toEqual(Buffer.from(bytes));
  });

  itOnTinyDisk('says that the disk is full when it is a row that finds no room', 8, async (dir) => {
    const rows = await openRowsFile(dir, async () => ({ finishedCells: 0, rows: [], bytes: 0 }), false);
    const row = { cell: 'x'.repeat(20_000) } as Row;
    await expect(rows.append([row])).rejects.toThrow(diskFull(join(dir, RUN_FILES.rows)));
    await rows.close(false);
  });

  it('finds a record together with its blob', async () => {
    const store = openStore(await temporaryFolder());
    const hash = await store.writeBlob(bytes);
    expect(hash).toBe(sha256(bytes));
    await store.write(record(hash, bytes.length));
    expect(await store.find(keyOf('some job'))).toEqual(record(hash, bytes.length));
    expect(Buffer.from(await store.readBlob(hash))).toEqual(Buffer.from(bytes));
  });

  it('does not find a record whose blob is missing or cut short', async () => {
    const store = openStore(await temporaryFolder());
    const hash = await store.writeBlob(bytes);
    await store.write(record(hash, bytes.length));
    await writeFile(store.blobPath(hash), bytes.subarray(0, 2));
    expect(await store.find(keyOf('some job'))).toBeUndefined();
  });

  it('takes a damaged record for none', async () => {
    const dir = await temporaryFolder();
    const store = openStore(dir);
    await store.write(record(await store.writeBlob(bytes), bytes.length));
    const [name] = (await readdir(dir, { recursive: true })).filter((each) => each.endsWith('.json'));
    await writeFile(join(dir, name!), '{"key": ');
    expect(await store.find(keyOf('some job'))).toBeUndefined();
  });

  it('notices a change of any byte of a record, and counts it', async () => {
    const dir = await temporaryFolder();
    const store = openStore(dir);
    await store.write(record(await store.writeBlob(bytes), bytes.length));
    const [name] = (await readdir(dir, { recursive: true })).filter((each) => each.endsWith('.json'));
    const whole = await readFile(join(dir, name!));
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 7);
      await writeFile(join(dir, name!), flipped);
      expect(await store.find(keyOf('some job')), `byte ${at}`).toBeUndefined();
    }
    for (const text of ['', 'null', '42', `${whole} `, `\uFEFF${whole}`, '\0'.repeat(whole.length)]) {
      await writeFile(join(dir, name!), text);
      expect(await store.find(keyOf('some job')), text.slice(0, 9)).toBeUndefined();
    }
    expect(store.damaged()).toBe(1); // one file
    await writeFile(join(dir, name!), whole);
    expect(await store.find(keyOf('some job'))).toBeDefined();
  });

  it('takes nothing for absent that is there and cannot be read', async () => {
    const dir = await temporaryFolder();
    const store = openStore(dir);
    await store.write(record(await store.writeBlob(bytes), bytes.length));
    const [name] = (await readdir(dir, { recursive: true })).filter((each) => each.endsWith('.json'));
    await rm(join(dir, name!));
    await mkdir(join(dir, name!));
    await expect(store.find(keyOf('some job'))).rejects.toThrow(/^Cannot read '.*' in the store: EISDIR/);
  });

  it('opens few files at a time, however many records are asked for at once', async () => {
    const store = openStore(await temporaryFolder());
    const hash = await store.writeBlob(bytes);
    await store.write(record(hash, bytes.length));
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, readdirSync('/proc/self/fd').length);
    }, 0);
    const before = readdirSync('/proc/self/fd').length;
    await Promise.all(Array.from({ length: 5_000 }, () => store.find(keyOf('some job'))));
    clearInterval(watch);
    expect(most).toBeLessThanOrEqual(before + 20);
  });

  it('sweeps what killed processes left of blobs and of checkpoints', async () => {
    const dir = await temporaryFolder();
    const store = openStore(dir);
    for (const folder of ['tmp', 'trainings']) {
      await mkdir(join(dir, folder));
      const own = temporaryIn(join(dir, folder));
      await writeFile(own, '');
      await writeFile(own.replace(/\d+(-[0-9a-f]{8}\.tmp)$/, '999999999$1'), '');
      await store.sweep();
      expect(await readdir(join(dir, folder))).toEqual([basename(own)]);
    }
  });

  it('never hands out bytes that do not have the hash, and removes them', async () => {
    const store = openStore(await temporaryFolder());
    const hash = await store.writeBlob(bytes);
    await writeFile(store.blobPath(hash), new Uint8Array([1, 2, 3, 5]));
    await expect(store.readBlob(hash)).rejects.toEqual(corruptArtefact(store.blobPath(hash), hash));
    expect(await store.writeBlob(bytes)).toBe(hash);
    expect(Buffer.from(await store.readBlob(hash))).toEqual(Buffer.from(bytes));
  });
});

describe('keys', () => {
  it('do not depend on the order of fields', () => {
    expect(keyOf({ a: 1, b: [2, { c: 3, d: 4 }] })).toBe(keyOf({ b: [2, { d: 4, c: 3 }], a: 1.0 }));
  });

  it('depend on every value', () => {
    const keys = [{ a: 1 }, { a: 2 }, { a: '1' }, { a: [1] }, { a: null }, {}].map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
