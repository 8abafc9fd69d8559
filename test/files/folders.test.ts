import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { makeFolder } from '../../src/files/folders.ts';
import { temporaryFolder } from '../models/fixture.ts';

it('a folder is made once the folder above it appears, whoever has made that', async () => {
  const root = await temporaryFolder();
  // Another thread makes and removes the folder above, over and over.
  const above = join(root, 'above');
  const code = `
    const { mkdirSync, rmSync } = require('node:fs');
    const { parentPort } = require('node:worker_threads');
    let on = true;
    parentPort.on('message', () => { on = false; });
    const turn = () => {
      try { mkdirSync(${JSON.stringify(above)}); } catch {}
      if (on) setImmediate(turn); else parentPort.close();
    };
    turn();`;
  const other = new Worker(code, { eval: true });
  for (let round = 0; round < 300; round++) {
    await rm(above, { recursive: true, force: true });
    await makeFolder(join(above, 'inner'));
    expect((await stat(join(above, 'inner'))).isDirectory()).toBe(true);
  }
  other.postMessage('stop');
  await new Promise((resolve) => other.once('exit', resolve));
});

it('many at once make the same folders', async () => {
  const root = await temporaryFolder();
  const path = join(root, 'a', 'b', 'c', 'd');
  await Promise.all(Array.from({ length: 50 }, (_, i) => makeFolder(join(path, String(i % 5)))));
  expect((await stat(join(path, '4'))).isDirectory()).toBe(true);
  await mkdir(join(root, 'e'));
  await makeFolder(join(root, 'e'));
});
