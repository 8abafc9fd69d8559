/** @file JSON files: written whole, and of no use if damaged. */
import { readFile } from 'node:fs/promises';
import { type WriteOptions, writeAtomically } from './atomic.ts';

export interface JsonOptions extends WriteOptions {
  /** One line, for files that only programs read (default: false, indented by two). */
  readonly compact?: boolean;
}

/** Writes a value as JSON with a final newline; the file appears whole or not at all. @throws as `writeAtomically` */
export const writeJson = (
  path: string,
  value: unknown,
  { compact = false, ...options }: JsonOptions = {},
): Promise<void> => writeAtomically(path, `${JSON.stringify(value, null, compact ? 0 : 2)}\n`, options);

/**
 * What a JSON file holds, of the shape that the caller vouches for; undefined if it is missing or damaged. Whatever else
 * keeps it from being read, such as too many open files, is no reason to take it for missing.
 * @throws the system's own error
 */
export async function readJson<T>(path: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** True for an object with fields: no list, no null. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
