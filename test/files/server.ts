/** @file A file server on this machine that misbehaves as told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

const servers: Server[] = [];

/** How one request is answered. */
export interface Behaviour {
  /** Breaks the connection after so many bytes of the body. */
  readonly breakAfter?: number;
  /** Waits for this before it breaks: that the bytes have arrived, however slow the machine. */
  readonly breakWhen?: () => boolean;
  readonly status?: number;
  readonly location?: string;
  readonly etag?: string;
  /** Does not say how long the body is. */
  readonly lengthless?: boolean;
  /** Knows no ranges. */
  readonly rangeless?: boolean;
}

/** What was asked, in order: path and range. */
export interface TestServer {
  readonly url: string;
  readonly asked: {
    readonly path: string;
    readonly range: string | undefined;
    readonly authorization?: string | undefined;
  }[];
}

/** Serves `body` under every path; `behave` says how each request, counted from 0, is answered. */
export async function serve(
  body: Uint8Array,
  behave: (request: number, path: string) => Behaviour = () => ({}),
): Promise<TestServer> {
  const asked: { path: string; range: string | undefined; authorization?: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const behaviour = behave(asked.length, path);
    const { range, authorization } = request.headers;
    asked.push({ path, range, ...(authorization !== undefined && { authorization }) });
    const {
      breakAfter,
      breakWhen = () => true,
      status = 200,
      location,
      etag = '"v1"',
      lengthless = false,
      rangeless = false,
    } = behaviour;
    if (status !== 200) {
      response.writeHead(status, location === undefined ? {} : { location }).end();
      return;
    }
    const start = rangeless ? 0 : startOf(request, etag);
    const rest = body.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      ...(!lengthless && { 'content-length': rest.length }),
      etag,
    });
    if (breakAfter === undefined) response.end(rest);
    else response.write(rest.subarray(0, breakAfter), () => destroyWhen(breakWhen, response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function destroyWhen(ready: () => boolean, response: ServerResponse): void {
  if (ready()) response.destroy();
  else setTimeout(() => destroyWhen(ready, response), 10);
}

/** A range counts only for the version that it was begun with. */
function startOf({ headers }: IncomingMessage, etag: string): number {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  return headers['if-range'] === undefined || headers['if-range'] === etag ? start : 0;
}

/** Ends every server, and whatever connections it has. */
export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

afterAll(closeServers);
