import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { closedSession } from '../../src/messages/index.ts';
import { writeModel } from '../../src/onnx/files.ts';
import { fromNumbers } from '../../src/onnx/tensor.ts';
import { sessionCache } from '../../src/runtime/cache.ts';
import type { Session } from '../../src/runtime/session.ts';
import { difference } from './models.ts';

const folder = await mkdtemp(join(tmpdir(), 'cache-'));
afterAll(() => rm(folder, { recursive: true }));

const path = join(folder, 'difference.onnx');
await writeModel(difference, path);
const itself = async (session: Session): Promise<Session> => session;
const x = fromNumbers('float32', [1, 2], [1, 2]);

describe('the session cache', () => {
  it('lends one session for the same file and options, and others for others', async () => {
    const cache = sessionCache();
    const first = await cache.use(path, { threads: 1 }, itself);
    expect(await cache.use(path, { threads: 1 }, itself)).toBe(first);
    expect(await cache.use(path, { threads: 2 }, itself)).not.toBe(first);
    expect(await cache.use(difference, { threads: 1 }, itself)).not.toBe(first);
    await cache.close();
  });

  it('opens a file anew once it has been written anew', async () => {
    const cache = sessionCache();
    const first = await cache.use(path, {}, itself);
    await utimes(path, 1, 1);
    expect(await cache.use(path, {}, itself)).not.toBe(first);
    await cache.close();
  });

  it('closes the session used longest ago, but never a lent one', async () => {
    const cache = sessionCache(1);
    await cache.use(path, { threads: 1 }, async (lent) => {
      const idle = await cache.use(path, { threads: 2 }, itself);
      await cache.use(difference, {}, itself);
      await expect(idle.run({ a: x, b: x })).rejects.toThrow(closedSession(path).message);
      await lent.run({ a: x, b: x });
    });
    await cache.close();
  });

  it('opens once for callers who come at the same time', async () => {
    const cache = sessionCache();
    const [a, b] = await Promise.all([cache.use(difference, {}, itself), cache.use(difference, {}, itself)]);
    expect(a).toBe(b);
    await cache.close();
    await expect(a.run({ a: x, b: x })).rejects.toThrow(closedSession('in memory').message);
  });

  it('tries again after a failure', async () => {
    const cache = sessionCache();
    const late = join(folder, 'late.onnx');
    await expect(cache.use(late, {}, itself)).rejects.toThrow(/Cannot load model/);
    await writeModel(difference, late);
    await cache.use(late, {}, (session) => session.run({ a: x, b: x }));
    await cache.close();
  });
});
