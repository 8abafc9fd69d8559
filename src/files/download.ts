/**
 * @file Downloads: over HTTPS, resumed where they stopped, and with the right hash before the file gets its name.
 *
 * A download goes to `FILE.part`, with the server's ETag in `FILE.part.etag`, so that a later one asks for the rest of
 * the same file and of no other. So the name of the part is the same for every process, unlike those in `atomic.ts`;
 * whoever may not be alone holds a lock.
 */
import { createWriteStream } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  CraquelureError,
  httpRefused,
  insecureUrl,
  interrupted,
  noSpace,
  truncatedDownload,
  unreachable,
  wrongDownload,
} from '../messages/index.ts';
import { hashOf } from './hashes.ts';
import { type Environment, freeSpace } from './places.ts';
import { makeFolder } from './folders.ts';

export interface DownloadOptions {
  /** What the bytes have to be; without it they are taken as they come, and their hash is told. */
  readonly sha256?: string | undefined;
  readonly onProgress?: (received: number, total: number | undefined) => void;
  readonly signal?: AbortSignal | undefined;
  /** `HF_ENDPOINT` names a mirror of the Hugging Face hub, `HF_TOKEN` opens its gated models. */
  readonly env?: Environment;
}

/** What was fetched. */
export interface Downloaded {
  readonly sha256: string;
  readonly bytes: number;
  /** Where it came from in the end, a mirror's address included. */
  readonly url: string;
}

const HUB = 'https://huggingface.co';
const ATTEMPTS = 3;
const STALLED_MS = 60_000;

/** Fetches `url` into `path`. @throws MODEL: no network, no space, refused, cut short, or other bytes than listed. */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const { env = process.env, sha256: listed } = options;
  const from = mirrored(url, env);
  const part = `${path}.part`;
  await makeFolder(dirname(path));
  for (let attempt = 1; ; attempt++) {
    try {
      await fetchRest(from, part, options);
      break;
    } catch (error) {
      if (options.signal?.aborted) throw interrupted();
      if (error instanceof CraquelureError) throw error;
      const received = await sizeOf(part);
      const code = errorCode(error);
      if (code === 'ENOSPC') throw noSpace(path, await freeSpace(path));
      if (attempt < ATTEMPTS) continue;
      throw received > 0 ? truncatedDownload(from, received, code) : unreachable(from, code, error);
    }
  }
  const sha256 = await hashOf(part);
  const bytes = await sizeOf(part);
  await rm(`${part}.etag`, { force: true });
  if (listed !== undefined && sha256 !== listed) {
    await rm(part, { force: true });
    throw wrongDownload(from, listed, sha256);
  }
  await rename(part, path);
  return { sha256, bytes, url: from };
}

/** Addresses on the hub, moved to the mirror that `HF_ENDPOINT` names. */
const mirrored = (url: string, { HF_ENDPOINT: mirror }: Environment): string =>
  mirror && url.startsWith(`${HUB}/`) ? mirror.replace(/\/+$/, '') + url.slice(HUB.length) : url;

/** Appends what is missing of the file to `part`. */
async function fetchRest(
  url: string,
  part: string,
  { signal, onProgress, env = process.env }: DownloadOptions,
): Promise<void> {
  const have = await sizeOf(part);
  const etag = await readFile(`${part}.etag`, 'utf8').catch(() => undefined);
  const resume = have > 0 && etag !== undefined;
  const stalled = new AbortController();
  const response = await request(url, {
    headers: {
      ...(resume && { range: `bytes=${have}-`, 'if-range': etag }),
      ...(env.HF_TOKEN && isHub(url, env) && { authorization: `Bearer ${env.HF_TOKEN}` }),
    },
    signal: AbortSignal.any([stalled.signal, ...(signal ? [signal] : [])]),
  });
  if (response.status === 416 && resume && totalOf(response) === have) return; // nothing was missing
  if (!response.ok) {
    if (response.status === 416) await rm(part, { force: true });
    throw httpRefused(url, response.status);
  }
  const start = response.status === 206 ? have : 0;
  const rest = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isNaN(rest) || response.headers.has('content-encoding') ? undefined : start + rest;
  const free = await freeSpace(part);
  if (rest > free) {
    await response.body?.cancel(); // else its connection keeps the process alive
    throw noSpace(part.replace(/\.part$/, ''), free, rest);
  }
  const seen = response.headers.get('etag');
  if (seen !== null && !seen.startsWith('W/')) await writeFile(`${part}.etag`, seen);
  else await rm(`${part}.etag`, { force: true });

  let received = start;
  let timer = setTimeout(() => stalled.abort(new Error('stalled')), STALLED_MS);
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream);
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(new Error('stalled')), STALLED_MS);
      received += chunk.length;
      onProgress?.(received, total);
      yield chunk;
    }
  };
  try {
    await pipeline(body, counted, createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }));
  } finally {
    clearTimeout(timer);
  }
  if (total !== undefined && received !== total) throw new Error('cut short');
}

/** A request that stays on HTTPS through all redirects; only this machine itself may be asked in plain HTTP. */
async function request(
  url: string,
  init: RequestInit & { headers: Record<string, string> },
): Promise<Response> {
  let at = url;
  let headers = init.headers;
  for (let hop = 0; hop < 10; hop++) {
    const { protocol, hostname, origin } = new URL(at);
    const local = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
    if (protocol !== 'https:' && !(protocol === 'http:' && local)) throw insecureUrl(at);
    const response = await fetch(at, { ...init, headers, redirect: 'manual' });
    const next = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || next === null) return response;
    await response.body?.cancel();
    at = new URL(next, at).href;
    if (new URL(at).origin !== origin) {
      const { authorization: _, ...rest } = headers; // a token is for the host it was given for
      headers = rest;
    }
  }
  throw httpRefused(url, 508);
}

const isHub = (url: string, { HF_ENDPOINT: mirror = HUB }: Environment): boolean =>
  new URL(url).origin === new URL(mirror).origin;

/** The size that a refused range names: `bytes * /1234`. */
const totalOf = (response: Response): number =>
  Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** The system's word for what went wrong: fetch hides it in the cause. */
function errorCode(error: unknown): string {
  const { code, cause, message } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? code ?? message;
}
