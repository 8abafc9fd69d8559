import { describe, expect, it } from 'vitest';
import { MOTIF_IDS, PAINTER_IDS } from '../../src/atelier/catalogue.ts';
import { openDataset, parseDatasetSpec } from '../../src/datasets/open.ts';
import { expected, unknownName, unknownParameter } from '../../src/messages/index.ts';

const root = new URL('../..', import.meta.url).pathname;

describe('parseDatasetSpec', () => {
  it.each([
    ['datasets/umass.csv', { kind: 'manifest', path: 'datasets/umass.csv' }],
    ['PICTURES.CSV', { kind: 'manifest', path: 'PICTURES.CSV' }],
    ['pictures', { kind: 'folder', path: 'pictures' }],
    [{ folder: 'odd.csv' }, { kind: 'folder', path: 'odd.csv' }],
    [{ manifest: 'list.txt' }, { kind: 'manifest', path: 'list.txt' }],
    ['./atelier', { kind: 'folder', path: './atelier' }],
    [
      { atelier: { painters: 'dima', motifs: ['cat', 'sea', 'cat'], count: 3, seed: 4 } },
      {
        kind: 'atelier',
        parameters: { painters: ['dima'], motifs: ['cat', 'sea'], count: 3, size: 256, seed: 4 },
      },
    ],
  ])('reads %j', (value, spec) => {
    expect(parseDatasetSpec(value)).toEqual(spec);
  });

  it('lets the atelier show all that it can', () => {
    expect(parseDatasetSpec('atelier')).toEqual({
      kind: 'atelier',
      parameters: { painters: PAINTER_IDS, motifs: MOTIF_IDS, count: 12, size: 256, seed: 0 },
    });
  });

  const place = { file: 'e.yaml', line: 2 };

  it.each([[''], [3], [null], [{}], [{ folder: 'a', manifest: 'b' }], [['a']], [{ atelier: 3 }]])(
    'refuses %j',
    (value) => {
      const accepted = "a path, 'atelier', { manifest: PATH }, { folder: PATH } or { atelier: { ... } }";
      expect(() => parseDatasetSpec(value, place)).toThrow(
        expected(accepted, 'dataset', value, { code: 'EXPERIMENT', place }),
      );
    },
  );

  const parameters = ['painters', 'motifs', 'count', 'size', 'seed'];
  it.each([
    [{ counts: 3 }, unknownParameter('atelier', 'counts', parameters, place)],
    [{ painters: ['velthuys'] }, unknownName('painter', 'velthuys', PAINTER_IDS, { place })],
    [{ motifs: 'dog' }, unknownName('motif', 'dog', MOTIF_IDS, { place })],
    [{ painters: [] }, expected('a painter or a list of painters', 'atelier.painters', [], { place })],
    [{ motifs: 7 }, expected('a motif or a list of motifs', 'atelier.motifs', 7, { place })],
    [{ count: 0 }, expected('integer between 1 and 100000', 'atelier.count', 0, { place })],
    [{ size: 127 }, expected('integer between 128 and 512', 'atelier.size', 127, { place })],
    [{ size: 200.5 }, expected('integer between 128 and 512', 'atelier.size', 200.5, { place })],
    [{ seed: -1 }, expected('integer between 0 and 4294967295', 'atelier.seed', -1, { place })],
  ])('refuses atelier: %j', (given, error) => {
    expect(() => parseDatasetSpec({ atelier: given }, place)).toThrow(error);
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
      env: { CRAQUELURE_DATA: `${dataPath}/images` },
    });
    const set = await opening.catch((error: Error) => {
      // Without the pictures the table itself must still be in order.
      expect(error.message).toContain(`None of the ${count} images`);
    });
    if (!set) return;
    expect(set.items).toHaveLength(count);
    expect(set.notes).toEqual([]);
    for (const item of set.items) await expect(item.bytes()).resolves.toBeDefined();
  });
});
