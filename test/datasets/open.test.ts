import { describe, expect, it } from 'vitest';
import { openDataset, parseDatasetSpec } from '../../src/datasets/open.ts';
import { expected } from '../../src/messages.ts';

const root = new URL('../..', import.meta.url).pathname;

describe('parseDatasetSpec', () => {
  it.each([
    ['datasets/umass.csv', { kind: 'manifest', path: 'datasets/umass.csv' }],
    ['PICTURES.CSV', { kind: 'manifest', path: 'PICTURES.CSV' }],
    ['pictures', { kind: 'folder', path: 'pictures' }],
    [{ folder: 'odd.csv' }, { kind: 'folder', path: 'odd.csv' }],
    [{ manifest: 'list.txt' }, { kind: 'manifest', path: 'list.txt' }],
  ])('reads %j', (value, spec) => {
    expect(parseDatasetSpec(value)).toEqual(spec);
  });

  it.each([[''], [3], [null], [{}], [{ folder: 'a', manifest: 'b' }], [['a']]])('refuses %j', (value) => {
    const place = { file: 'e.yaml', line: 2 };
    expect(() => parseDatasetSpec(value, place)).toThrow(
      expected("a manifest's or a folder's path", 'dataset', value, { code: 'EXPERIMENT', place }),
    );
  });
});

describe('the manifests of this repository', () => {
  it.each([
    ['umass', 3],
    ['painters', 50],
  ])('%s.csv lists %i pictures that are in place where the shared folder is', async (name, count) => {
    const dataPath = process.env.CRAQUELURE_SHARED ?? `${root}../shared`;
    const opening = openDataset(parseDatasetSpec(`datasets/${name}.csv`), {
      baseDir: root,
      dataPath: `${dataPath}/images`,
    });
    const set = await opening.catch((error: Error) => {
      // Without the pictures the table itself must still be in order.
      expect(error.message).toContain(`None of the ${count} pictures`);
    });
    if (!set) return;
    expect(set.items).toHaveLength(count);
    expect(set.notes).toEqual([]);
    for (const item of set.items) await expect(item.bytes()).resolves.toBeDefined();
  });
});
