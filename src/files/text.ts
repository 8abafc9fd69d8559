/** @file Text files of users: UTF-8, with or without a byte order mark. Another encoding is told, never guessed. */
import { readFile } from 'node:fs/promises';
import { notUtf8 } from '../messages/index.ts';

/**
 * The text of a file without its byte order mark. `shown` is how the user named the file.
 * @throws USAGE if it is not UTF-8, else the system's own error
 */
export const readText = async (path: string, shown = path): Promise<string> =>
  decodeText(await readFile(path), shown);

/** The same of bytes. @throws USAGE if they are not UTF-8 */
export function decodeText(bytes: Uint8Array, shown: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw notUtf8(shown, lineOfMistake(bytes));
  }
}

/** The line, from 1, of the first bytes that are not UTF-8. */
function lineOfMistake(bytes: Uint8Array): number {
  let line = 1;
  for (let begin = 0; begin <= bytes.length; line++) {
    const found = bytes.indexOf(10, begin);
    const end = found < 0 ? bytes.length : found;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(begin, end));
    } catch {
      return line;
    }
    begin = end + 1;
  }
  return line;
}
