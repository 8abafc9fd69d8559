import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { sha256 } from '../../src/files/hashes.ts';
import { type Held, type Lock, takeLock } from '../../src/files/lock.ts';
import { diskFull } from '../../src/messages/index.ts';
import { itOnTinyDisk } from '../tiny-disk.ts';
import { temporaryFolder } from '../run-fixture.ts';
import { PLACE } from '../../src/files/this-host.ts';
import { built, type Child, namespacePrefix, startChild } from './children.ts';

const GONE = 999999999;
const lockIn = async (): Promise<string> => join(await temporaryFolder(), 'a.lock');

/** A lock as somebody left it, with a heartbeat so many seconds ago. */
async function left(path: string, content: string, seconds = 0): Promise<void> {
  await writeFile(path, content);
  const then = new Date(Date.now() - seconds * 1000);
  await utimes(path, then, then);
}

async function taken(path: string): Promise<Lock> {
  const lock = await takeLock(path);
  if ('holder' in lock) throw new Error(`held by ${lock.holder}`);
  return lock;
}

describe('a lock', () => {
  it('names its process and host, and is gone when it is released', async () => {
    const path = join(await temporaryFolder(), 'new', 'a.lock');
    const lock = await taken(path);
    const [pid, , host] = (await readFile(path, 'utf8')).split(' ');
    expect([pid, host]).toEqual([String(process.pid), hostname()]);
    expect(await readdir(join(path, '..'))).toEqual(['a.lock']);
    await lock.release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('is refused a second time in the same process, however old its heartbeat, until it is released', async () => {
    const path = await lockIn();
    const lock = await taken(path);
    const held: Held = { holder: `process ${process.pid}` };
    expect(await takeLock(path)).toEqual(held);
    await utimes(path, new Date(0), new Date(0)); // an event loop that was busy
    expect(await takeLock(path)).toEqual(held);
    await lock.release();
    await (await taken(path)).release();
  });

  it('is given once to many who ask at once', async () => {
    const path = await lockIn();
    const all = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
    const locks = all.filter((each) => 'release' in each);
    expect(locks).toHaveLength(1);
    await locks[0]!.release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('has a heartbeat, which ends with the lock', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const path = await lockIn();
      const lock = await taken(path);
      await utimes(path, new Date(0), new Date(0));
      vi.advanceTimersByTime(5_000);
      while ((await stat(path)).mtimeMs === 0) await new Promise(setImmediate);
      expect(Date.now() - (await stat(path)).mtimeMs).toBeLessThan(60_000);
      await lock.release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  itOnTinyDisk('that finds no room on a full disk says so and leaves nothing behind', 64, async (dir) => {
    await writeFile(join(dir, 'full'), new Uint8Array(1e5)).catch(() => undefined);
    const path = join(dir, 'a.lock');
    await expect(takeLock(path)).rejects.toThrow(diskFull(path));
    expect(await readdir(dir)).toEqual(['full']);
  });

  it('stays when it is released after somebody else has taken it over', async () => {
    const path = await lockIn();
    const lock = await taken(path);
    await left(path, `1 word another-host`);
    await lock.release();
    expect(await readFile(path, 'utf8')).toBe('1 word another-host');
  });
});

describe('a lock that is found', () => {
  const here = (pid: number) => `${pid} word ${hostname()}`;
  const elsewhere = `${GONE} word another-host`;
  const container = `${GONE} word ${hostname()} 01234567-89`;
  const HOUR = 3600;

  it.each([
    ['of a living process of this host', here(process.ppid), 0, `process ${process.ppid}`],
    ['of one that has been suspended', here(process.ppid), 0.9 * HOUR, `process ${process.ppid}`],
    ['of an earlier version, whose process lives', String(process.ppid), 0, `process ${process.ppid}`],
    ['of another host, whatever its process id', elsewhere, 50, `process ${GONE} on another-host`],
    ['of another container, whatever its process id', container, 50, `process ${GONE} on ${hostname()}`],
    ['of this place', `${process.ppid} word ${hostname()} ${PLACE}`, 50, `process ${process.ppid}`],
    ['of this process id, but not ours', here(process.pid), 50, `process ${process.pid}`],
    ['that is empty, but new', '', 50, 'process ?'],
    ['that is damaged, but new', '\0\0\0', 50, 'process ?'],
  ])('%s is respected', async (_, content, seconds, holder) => {
    const path = await lockIn();
    await left(path, content, seconds);
    expect(await takeLock(path)).toEqual({ holder });
    expect(await readdir(join(path, '..'))).toEqual(['a.lock']);
    expect(await readFile(path, 'utf8')).toBe(content);
  });

  it.each([
    ['of a process of this host that is gone', here(GONE), 0],
    ['of a process id that somebody else has by now', here(process.ppid), 1.1 * HOUR],
    ['of an earlier version, whose process is gone', String(GONE), 0],
    ['of another host without a heartbeat', elsewhere, 70],
    ['of this place, whose process is gone', `${GONE} word ${hostname()} ${PLACE}`, 0],
    ['of another container without a heartbeat', container, 70],
    ['of a living process id of another boot', `${process.ppid} word ${hostname()} 01234567-89`, 70],
    ['with a heartbeat in the far future', elsewhere, -48 * HOUR],
    ['of this process id before a restart', here(process.pid), 70],
    ['that is empty and old', '', 70],
    ['that is damaged and old', '\0\0\0', 70],
  ])('%s is taken over', async (_, content, seconds) => {
    const path = await lockIn();
    await left(path, content, seconds);
    const lock = await taken(path);
    expect(await readdir(join(path, '..'))).toEqual(['a.lock']);
    await lock.release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('is taken over from a process that was killed while it took over', async () => {
    const path = await lockIn();
    await left(path, here(GONE));
    const guard = `${path}.0-${sha256(here(GONE)).slice(0, 8)}.tmp`;
    await left(guard, here(process.ppid));
    expect(await takeLock(path)).toEqual({ holder: `process ${process.ppid}` });
    await left(guard, here(GONE - 1));
    await (await taken(path)).release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });
});

it('a folder in the place of a lock is an error that says what to do', async () => {
  const path = await lockIn();
  await mkdir(path);
  await expect(takeLock(path)).rejects.toThrow(/^Cannot use '.*a\.lock' as a lock: EISDIR.*Remove it/);
});

describe('processes that meet at a lock', () => {
  const contender = (prefix?: readonly string[]): Promise<Child> =>
    startChild(
      `
      import { takeLock } from ${built('files/lock.js')};
      let lock;
      const answer = async ({ path, at }) => {
        if (path === undefined) return lock?.release();
        while (Date.now() < at);
        lock = await takeLock(path);
        return lock.holder ?? 'won';
      };`,
      prefix,
    );
  const namespace = namespacePrefix();
  const where = namespace === undefined ? ' (skipped: unshare --pid is not allowed here)' : '';

  it('that is stale, empty or damaged never both win', async () => {
    const dir = await temporaryFolder();
    const children = await Promise.all([contender(), contender(), contender(), contender()]);
    const pids = children.map(({ pid }) => `process ${pid}`);
    const abandoned = [`${GONE} word ${hostname()}`, '', '\0\0\0', '1 word another-host'];
    for (let round = 0; round < 40; round++) {
      const path = join(dir, `${round}.lock`);
      await left(path, abandoned[round % abandoned.length]!, 3600);
      const at = Date.now() + 10; // all at the same moment
      const answers = await Promise.all(children.map((child) => child.ask({ path, at })));
      const losers = answers.filter((answer) => answer !== 'won');
      expect(losers).toHaveLength(3);
      for (const holder of losers) expect(pids).toContain(holder);
      const winner = children[answers.indexOf('won')]!;
      expect(await readFile(path, 'utf8')).toMatch(new RegExp(`^${winner.pid} `));
      await winner.ask({});
    }
    expect(await readdir(dir)).toEqual([]);
  });

  it('is free again at once when its holder is killed', async () => {
    const path = await lockIn();
    const child = await contender();
    expect(await child.ask({ path, at: 0 })).toBe('won');
    expect(await takeLock(path)).toEqual({ holder: `process ${child.pid}` });
    await child.kill();
    await (await taken(path)).release();
  });

  it.skipIf(namespace === undefined)(
    `in PID namespaces of their own respect each other${where}`,
    async () => {
      const [a, b] = [await contender(namespace), await contender(namespace)];
      const here = await contender();
      const path = await lockIn();
      expect(await a.ask({ path, at: 0 })).toBe('won');
      expect(await b.ask({ path, at: 0 })).toMatch(/^process \d+ on \S+$/); // the same process id, and not the same process
      expect(await here.ask({ path, at: 0 })).toMatch(/^process \d+ on \S+$/);
      expect(await takeLock(path)).toHaveProperty('holder');
      await a.ask({});
      expect(await here.ask({ path, at: 0 })).toBe('won');
      expect(await a.ask({ path, at: 0 })).toBe(`process ${here.pid} on ${hostname()}`);
      await here.ask({});
    },
  );

  it.skipIf(namespace === undefined)(`in four PID namespaces never both win${where}`, async () => {
    const dir = await temporaryFolder();
    const children = await Promise.all(Array.from({ length: 4 }, () => contender(namespace)));
    const abandoned = [undefined, '', '1', `1 word ${hostname()}`, '\0\0\0'];
    for (let round = 0; round < 100; round++) {
      const path = join(dir, `${round}.lock`);
      const content = abandoned[round % abandoned.length];
      if (content !== undefined) await left(path, content, 7200);
      const at = Date.now() + 10;
      const answers = await Promise.all(children.map((child) => child.ask({ path, at })));
      expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
      await children[answers.indexOf('won')]!.ask({});
    }
    expect(await readdir(dir)).toEqual([]);
  });
});
