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
  tooLargeDownload,
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
  /** More bytes than this are refused, whatever the server says (default: 64 GiB). */
  readonly maxBytes?: number | undefined;
  /** `HF_ENDPOINT` names a mirror of the Hugging Face hub, `HF_TOKEN` opens gated models of the hub itself. */
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
const MOST_BYTES = 64 * 2 ** 30;
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

/** An answer that goes on where the part ends. */
interface Rest {
  readonly response: Response;
  /** Where its bytes begin. */
  readonly start: number;
  /** Size of the whole file; undefined if the server does not say. */
  readonly total: number | undefined;
}

/** Appends what is missing of the file to `part`. */
async function fetchRest(url: string, part: string, options: DownloadOptions): Promise<void> {
  const stalled = new AbortController();
  const rest = await askForRest(url, part, stalled.signal, options);
  if (rest === undefined) return; // nothing was missing
  const { response, start, total } = rest;
  const { onProgress, maxBytes = MOST_BYTES } = options;
  let received = start;
  const stall = (): NodeJS.Timeout => setTimeout(() => stalled.abort(new Error('stalled')), STALLED_MS);
  let timer = stall();
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      clearTimeout(timer);
      timer = stall();
      received += chunk.length;
      if (received > maxBytes) throw tooLargeDownload(url, maxBytes);
      onProgress?.(received, total);
      yield chunk;
    }
  };
  try {
    const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream);
    await pipeline(body, counted, createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }));
  } catch (error) {
    if (error instanceof CraquelureError) await rm(part, { force: true }); // too large: nothing of it is of use
    throw error;
  } finally {
    clearTimeout(timer);
  }
  if (total !== undefined && received !== total) throw new Error('cut short');
}

/** The answer, if it can be what is wanted; undefined if nothing is missing. @throws MODEL */
async function askForRest(
  url: string,
  part: string,
  stalled: AbortSignal,
  { signal, env = process.env, maxBytes = MOST_BYTES }: DownloadOptions,
): Promise<Rest | undefined> {
  const have = await sizeOf(part);
  const etag = await readFile(`${part}.etag`, 'utf8').catch(() => undefined);
  const resume = have > 0 && etag !== undefined;
  const response = await request(url, {
    headers: {
      'accept-encoding': 'identity', // what is counted is what is written
      ...(resume && { range: `bytes=${have}-`, 'if-range': etag }),
      ...(env.HF_TOKEN && new URL(url).origin === HUB && { authorization: `Bearer ${env.HF_TOKEN}` }),
    },
    signal: AbortSignal.any([stalled, ...(signal ? [signal] : [])]),
  });
  if (response.status === 416 && resume && totalOf(response) === have) return undefined;
  const start = response.status === 206 ? have : 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const refused = await refusal(url, part, response, { start, length, maxBytes });
  if (refused !== undefined) {
    await response.body?.cancel(); // else its connection keeps the process alive
    throw refused;
  }
  const seen = response.headers.get('etag');
  if (seen !== null && !seen.startsWith('W/')) await writeFile(`${part}.etag`, seen);
  else await rm(`${part}.etag`, { force: true });
  const unknown = Number.isNaN(length) || response.headers.has('content-encoding');
  return { response, start, total: unknown ? undefined : start + length };
}

/** Why an answer is of no use, if it is not. */
async function refusal(
  url: string,
  part: string,
  { status, body }: Response,
  { start, length, maxBytes }: { readonly start: number; readonly length: number; readonly maxBytes: number },
): Promise<CraquelureError | undefined> {
  if (![200, 206].includes(status) || body === null) {
    if (status === 416) await rm(part, { force: true });
    return httpRefused(url, status);
  }
  if (start + length > maxBytes) return tooLargeDownload(url, maxBytes);
  const free = await freeSpace(part);
  return length > free ? noSpace(part.replace(/\.part$/, ''), free, length) : undefined;
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

/** The size that a refused range names: `bytes * /1234`. */
const totalOf = (response: Response): number =>
  Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

/** The system's word for what went wrong: fetch hides it in the cause. */
function errorCode(error: unknown): string {
  const { code, cause, message } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? code ?? message;
}
