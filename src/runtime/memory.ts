/** @file How much memory the process has needed. */
import { readFileSync } from 'node:fs';

/**
 * The process's highest resident memory so far, in bytes. It only grows: what one run needs is seen in a process
 * that does nothing else.
 */
export function peakMemory(): number {
  if (process.platform === 'linux') {
    const highWater = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (highWater !== undefined) return Number(highWater) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024; // libuv gives kilobytes on every platform
}
