/** @file Exit codes. */
import { CraquelureError, type ErrorCode } from '../messages/index.ts';

export const EXIT = {
  done: 0,
  failure: 1,
  /** Wrong flags, a wrong experiment file, a wrong parameter. */
  usage: 2,
  /** The run finished, but some cells have errors. */
  failedCells: 3,
  /** Ctrl-C; rows are kept. */
  interrupted: 130,
} as const;

const USAGE_CODES: readonly ErrorCode[] = ['USAGE', 'EXPERIMENT', 'PARAMETER', 'UNKNOWN_PLUGIN'];

/** The exit code for anything thrown. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof CraquelureError)) return EXIT.failure;
  if (error.code === 'INTERRUPTED') return EXIT.interrupted;
  return USAGE_CODES.includes(error.code) ? EXIT.usage : EXIT.failure;
}
