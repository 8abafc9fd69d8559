/** @file Names made from content: canonical JSON (RFC 8785) and sha256, so that equal work has an equal key. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** sha256 of bytes or text, in hex. */
export const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex');

/** sha256 over the canonical JSON of a plain value: key order and number spelling do not matter. */
export const keyOf = (value: unknown): string => sha256(canonicalize(value) as string);
