/** Child processes that run the built program: `npm run build` comes first. */
import { type ChildProcess, spawn } from 'node:child_process';
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

/** Starts a script, whose async function `answer(message)` does the work. */
export async function startChild(script: string): Promise<Child> {
  const source = `${script}
    process.on('message', async (message) => process.send((await answer(message)) ?? null));
    process.send('ready');`;
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: [...stdio] });
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
