/** Child processes that run the built program: `npm run build` comes first. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';

const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** The address of a built module, for a script to import. */
export const built = (module: string): string => JSON.stringify(pathToFileURL(resolve('dist', module)).href);

/** A process that runs a script, which answers every message with one. */
export interface Child {
  readonly pid: number;
  ask(message: unknown): Promise<unknown>;
  /** Kills it as a crash or the system would: it cannot clean up. */
  kill(): Promise<void>;
}

/** What starts a process in a PID namespace of its own, as a container does; undefined if that is not allowed here. */
export function namespacePrefix(): readonly string[] | undefined {
  const prefix = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const { status } = spawnSync(prefix[0]!, [...prefix.slice(1), 'true']);
  return status === 0 ? prefix : undefined;
}

/** Starts a script, whose async function `answer(message)` does the work; `prefix` is a program that starts it. */
export async function startChild(script: string, prefix: readonly string[] = []): Promise<Child> {
  const source = `${script}
    process.on('message', async (message) => process.send((await answer(message)) ?? null));
    process.send('ready');`;
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const [program, ...rest] = [...prefix, process.execPath, '--input-type=module', '-e', source];
  const child = spawn(program!, rest, { stdio: [...stdio] });
  children.push(child);
  const next = async (): Promise<unknown> => {
    const ended = new AbortController();
    const crash = once(child, 'exit', { signal: ended.signal }).then(() => {
      throw new Error('the child process has ended');
    });
    crash.catch(() => undefined);
    const [message] = (await Promise.race([once(child, 'message'), crash])) as unknown[];
    ended.abort();
    return message;
  };
  await next();
  return {
    pid: child.pid!,
    ask: (message) => {
      const answer = next();
      child.send(message as object);
      return answer;
    },
    kill: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
