/** @file Names made from content: canonical JSON (RFC 8785) and sha256, so that equal work has an equal key. */
import canonicalize from 'canonicalize';
import { sha256 } from './hashes.ts';

/** sha256 over the canonical JSON of a plain value: key order and number spelling do not matter. */
export const keyOf = (value: unknown): string => sha256(canonicalize(value) as string);
