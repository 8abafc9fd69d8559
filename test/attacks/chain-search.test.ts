import { expect, it } from 'vitest';
import { splitPairs } from '../../src/attacks/parts/chain-search.ts';

it.each([
  [1, [0], [0]],
  [2, [0], [1]],
  [3, [0, 1], [2]],
  [9, [0, 1, 2, 3, 4, 5], [6, 7, 8]],
])('of %i pairs some are kept from the search to choose by', (n, search, validation) => {
  expect(splitPairs([...Array(n).keys()])).toEqual({ search, validation });
});
