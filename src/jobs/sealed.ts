/**
 * @file Records with a seal: `{"sha256":"...","record":{...}}` and a newline. The seal is the hash of the record's own text,
 * so that a change of any byte is noticed, whatever it says.
 */
import { sha256 } from '../files/hashes.ts';

/** The text of a sealed value. */
export function sealed(value: unknown): string {
  const text = JSON.stringify(value);
  return `{"sha256":"${sha256(text)}","record":${text}}\n`;
}

const FORM = /^\{"sha256":"([0-9a-f]{64})","record":(.*)\}\n$/s;

/** The value of a sealed text, of the shape that whoever sealed it vouched for; undefined if the seal is broken. */
export function unsealed<T>(text: string): T | undefined {
  const [, seal, record] = FORM.exec(text) ?? [];
  return record !== undefined && sha256(record) === seal ? (JSON.parse(record) as T) : undefined;
}
