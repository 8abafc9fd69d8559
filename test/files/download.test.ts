import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holding } from '../../src/files/lock.ts';
import { download } from '../../src/files/download.ts';
import {
  httpRefused,
  insecureUrl,
  interrupted,
  noSpace,
  tooLargeDownload,
  unreachable,
  wrongDownload,
} from '../../src/messages/index.ts';
import { itOnTinyDisk } from '../tiny-disk.ts';
import { type Behaviour, closeServers, serve } from './server.ts';

const body = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));
const sha256 = createHash('sha256').update(body).digest('hex');
const target = async (): Promise<string> =>
  join(await mkdtemp(join(tmpdir(), 'craquelure-download-')), 'deep', 'file.bin');
const folderOf = (path: string) => readdir(join(path, '..'));

/** Breaks after so many bytes of an answer, once so many of the file have reached the disk. */
const broken = (path: string, breakAfter: number, onDisk: number): Behaviour => ({
  breakAfter,
  breakWhen: () => (statSync(`${path}.part`, { throwIfNoEntry: false })?.size ?? 0) >= onDisk,
});

describe('a download', () => {
  it('arrives whole, with its hash, its progress and nothing left beside it', async () => {
    const { url } = await serve(body);
    const path = await target();
    const progress: number[] = [];
    const onProgress = (received: number, total?: number) => {
      progress.push(received);
      expect(total).toBe(body.length);
    };
    expect(await download(`${url}/f`, path, { sha256, onProgress })).toEqual({
      sha256,
      bytes: body.length,
      url: `${url}/f`,
    });
    expect(body.equals(await readFile(path))).toBe(true);
    expect(progress.at(-1)).toBe(body.length);
    expect(await folderOf(path)).toEqual(['file.bin']);
  });

  it('that breaks off goes on from where it stopped', async () => {
    const path = await target();
    const { url, asked } = await serve(body, (n) => (n === 0 ? broken(path, 100_000, 100_000) : {}));
    await download(`${url}/f`, path, { sha256 });
    expect(body.equals(await readFile(path))).toBe(true);
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-']);
  });

  it('that keeps breaking off is kept, and the next call goes on from there', async () => {
    const path = await target();
    const { url, asked } = await serve(body, (n) => (n < 3 ? broken(path, 50_000, 50_000 * (n + 1)) : {}));
    await expect(download(`${url}/f`, path, { sha256 })).rejects.toThrow('was interrupted after 0.1 MB');
    expect(existsSync(path)).toBe(false);
    await download(`${url}/f`, path, { sha256 });
    expect(body.equals(await readFile(path))).toBe(true);
    expect(asked.at(-1)!.range).toBe('bytes=150000-');
  });

  it('starts anew where the file has changed on the server meanwhile', async () => {
    const { url } = await serve(body, (n) => (n === 0 ? { breakAfter: 10_000, etag: '"old"' } : {}));
    const path = await target();
    await download(`${url}/f`, path, { sha256 });
    expect(body.equals(await readFile(path))).toBe(true);
  });

  it('starts anew where the server knows no ranges', async () => {
    const behave = (n: number) => ({ rangeless: true, ...(n === 0 && { breakAfter: 10_000 }) });
    const { url } = await serve(body, behave);
    const path = await target();
    await download(`${url}/f`, path, { sha256 });
    expect(body.equals(await readFile(path))).toBe(true);
  });

  it('does not go on with half a file that nobody knows the version of', async () => {
    const { url, asked } = await serve(body);
    const path = await target();
    await download(`${url}/f`, path);
    await writeFile(`${path}.part`, 'left by something else');
    await download(`${url}/f`, path, { sha256 });
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  it('with other bytes than listed is thrown away', async () => {
    const { url } = await serve(body);
    const path = await target();
    const listed = 'a'.repeat(64);
    await expect(download(`${url}/f`, path, { sha256: listed })).rejects.toThrow(
      wrongDownload(`${url}/f`, listed, sha256),
    );
    expect(await folderOf(path)).toEqual([]);
  });

  it('beyond its limit is refused, whether the server says so or goes on without end', async () => {
    for (const lengthless of [false, true]) {
      const { url } = await serve(body, () => ({ lengthless }));
      const path = await target();
      await expect(download(`${url}/f`, path, { maxBytes: 100_000 })).rejects.toThrow(
        tooLargeDownload(`${url}/f`, 100_000),
      );
      expect((await folderOf(path)).filter((name) => !name.endsWith('.etag'))).toEqual([]);
    }
    const { url } = await serve(body);
    expect((await download(`${url}/f`, await target(), { maxBytes: body.length })).bytes).toBe(body.length);
  });

  it('that a server answers without a body is refused', async () => {
    const { url } = await serve(body, () => ({ status: 204 }));
    await expect(download(`${url}/f`, await target())).rejects.toThrow(httpRefused(`${url}/f`, 204));
    const empty = await serve(body, () => ({ status: 304 }));
    await expect(download(`${empty.url}/f`, await target())).rejects.toThrow(
      httpRefused(`${empty.url}/f`, 304),
    );
  });

  it('tells a token to nobody but the hub', async () => {
    const { url, asked } = await serve(body);
    const env = { HF_ENDPOINT: url, HF_TOKEN: 'SECRET' };
    await download('https://huggingface.co/a/b', await target(), { env });
    await download(`${url}/direct`, await target(), { env });
    expect(asked.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/a/b', undefined],
      ['/direct', undefined],
    ]);
  });

  it('from the hub comes from the mirror that HF_ENDPOINT names', async () => {
    const { url, asked } = await serve(body);
    const path = await target();
    const { url: from } = await download('https://huggingface.co/a/b/resolve/main/c.onnx', path, {
      env: { HF_ENDPOINT: `${url}/` },
    });
    expect(from).toBe(`${url}/a/b/resolve/main/c.onnx`);
    expect(asked.map((each) => each.path)).toEqual(['/a/b/resolve/main/c.onnx']);
  });

  it('follows redirects, but never out of HTTPS', async () => {
    const { url } = await serve(body, (_, path) =>
      path === '/f'
        ? { status: 302, location: '/g' }
        : path === '/out'
          ? { status: 302, location: 'http://example.org/' }
          : {},
    );
    await download(`${url}/f`, await target(), { sha256 });
    await expect(download(`${url}/out`, await target())).rejects.toThrow(insecureUrl('http://example.org/'));
    await expect(download('ftp://127.0.0.1/f', await target())).rejects.toThrow(
      insecureUrl('ftp://127.0.0.1/f'),
    );
  });

  it('says what a refusal means', async () => {
    const { url } = await serve(body, () => ({ status: 404 }));
    await expect(download(`${url}/f`, await target())).rejects.toThrow(httpRefused(`${url}/f`, 404));
  });

  it('says what to do without a network', async () => {
    const { url } = await serve(body);
    await closeServers();
    const attempt = download(`${url}/f`, await target());
    await expect(attempt).rejects.toThrow(unreachable(`${url}/f`, 'ECONNREFUSED', undefined));
  });

  it('that is interrupted keeps what has come', async () => {
    const abort = new AbortController();
    const { url } = await serve(body, () => ({ breakAfter: 1000, breakWhen: () => abort.signal.aborted }));
    const path = await target();
    const attempt = download(`${url}/f`, path, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(attempt).rejects.toThrow(interrupted());
    expect(await folderOf(path)).toContain('file.bin.part');
  });

  itOnTinyDisk('that the disk has no room for is not begun', 64, async (folder) => {
    const { url } = await serve(body);
    const path = join(folder, 'file.bin');
    const { bavail, bsize } = await statfs(folder);
    await expect(download(`${url}/f`, path)).rejects.toThrow(noSpace(path, bavail * bsize, body.length));
    expect(await readdir(folder)).toEqual([]);
  });

  itOnTinyDisk('that fills the disk says so at once, and goes on when there is room', 64, async (folder) => {
    const { url, asked } = await serve(body, () => ({ lengthless: true }));
    const path = join(folder, 'file.bin');
    await expect(download(`${url}/f`, path, { sha256 })).rejects.toThrow(noSpace(path, 0));
    expect(asked).toHaveLength(1);
    execFileSync('mount', ['-o', 'remount,size=1m', folder]);
    expect(await download(`${url}/f`, path, { sha256 })).toMatchObject({ sha256, bytes: body.length });
    expect(asked[1]!.range).toMatch(/^bytes=[1-9]/);
  });

  itOnTinyDisk('that finds no room even for its claim leaves none behind', 64, async (folder) => {
    await writeFile(join(folder, 'full'), new Uint8Array(1e5)).catch(() => undefined);
    const claim = join(folder, '.pulling');
    await expect(holding(claim, async () => 'held')).rejects.toThrow(noSpace(folder, 0));
    expect(await readdir(folder)).toEqual(['full']);
    await rm(join(folder, 'full'));
    expect(await holding(claim, async () => 'held')).toBe('held');
  });
});
