/** Ways to damage a file, by a seed: what disks, editors, transfers and attackers do. */
import type { Random } from '../../src/random.ts';

type Damage = (bytes: Buffer, random: Random) => Buffer;

const at = (bytes: Buffer, random: Random): number => random.int(Math.max(1, bytes.length));

const flip: Damage = (bytes, random) => {
  const copy = Buffer.from(bytes);
  for (let i = 0; i <= random.int(8) && copy.length > 0; i++) copy[at(copy, random)]! ^= 1 << random.int(8);
  return copy;
};

const cut: Damage = (bytes, random) => bytes.subarray(0, at(bytes, random));

const remove: Damage = (bytes, random) => {
  const begin = at(bytes, random);
  return Buffer.concat([bytes.subarray(0, begin), bytes.subarray(begin + 1 + random.int(64))]);
};

const repeat: Damage = (bytes, random) => {
  const begin = at(bytes, random);
  const piece = bytes.subarray(begin, begin + 1 + random.int(200));
  return Buffer.concat([
    bytes.subarray(0, begin),
    ...Array<Buffer>(1 + random.int(20)).fill(piece),
    bytes.subarray(begin),
  ]);
};

const zeros: Damage = (bytes, random) => {
  const copy = Buffer.from(bytes);
  const begin = at(copy, random);
  return copy.fill(0, begin, Math.min(copy.length, begin + 1 + random.int(400)));
};

/** Numbers and words at which readers stumble. */
const WORDS = [
  '-1',
  '0',
  '1e999',
  'NaN',
  '4294967296',
  '9007199254740993',
  'null',
  'true',
  '""',
  '[]',
  '{}',
  '{}}',
  '[[[[',
  '__proto__',
  'constructor',
  '../..',
  '/etc/passwd',
  '\0',
  '\uFEFF',
  '\r\n',
  '"',
  "'",
  ',',
  '*a',
  '&a',
  '|',
  '(',
] as const;

const insert: Damage = (bytes, random) => {
  const begin = at(bytes, random);
  const word = Buffer.from(random.pick<string>(WORDS));
  return Buffer.concat([bytes.subarray(0, begin), word, bytes.subarray(begin)]);
};

/** A number of the text becomes one at which readers stumble. */
const number: Damage = (bytes, random) => {
  const text = bytes.toString('latin1');
  const found = [...text.matchAll(/\d+/g)];
  if (found.length === 0) return insert(bytes, random);
  const chosen = found[random.int(found.length)]!;
  const end = chosen.index + chosen[0].length;
  return Buffer.from(text.slice(0, chosen.index) + random.pick<string>(WORDS) + text.slice(end), 'latin1');
};

const large: Damage = (bytes, random) => {
  const copy = Buffer.from(bytes);
  if (copy.length >= 4)
    copy.writeUInt32LE(random.pick([0, 1, 0x7fffffff, 0xffffffff, 0x80000000]), random.int(copy.length - 3));
  return copy;
};

const DAMAGES: readonly Damage[] = [flip, flip, cut, remove, repeat, zeros, insert, number, number, large];

/** A file after one to three damages. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let i = 0; i <= random.int(3); i++) result = DAMAGES[random.int(DAMAGES.length)]!(result, random);
  return result.subarray(0, 4e6);
}
