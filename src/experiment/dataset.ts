/** @file What an experiment file or a parameter says of a data set. */
import { type DatasetSpec, parseDatasetSpec } from '../datasets/open.ts';
import type { Place } from '../messages/index.ts';
import { parseChain } from '../plugin/call.ts';

/** A data set may also be written as a call: `atelier(count=4)`. */
export function readDataset(value: unknown, place: Place): DatasetSpec {
  const isCall = typeof value === 'string' && /^\w+\s*\(/.test(value);
  const [call] = isCall ? parseChain(value, place) : [];
  return parseDatasetSpec(call === undefined ? value : { [call.id]: call.params }, place);
}
