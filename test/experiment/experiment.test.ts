import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cellsOf, parseExperiment, readExperiment } from '../../src/experiment/experiment.ts';
import { CraquelureError, expected, unevenZip, unknownName } from '../../src/messages/index.ts';
import { experimentJsonSchema } from '../../src/experiment/schema.ts';
import { attacks } from '../../src/attacks/index.ts';

const experiment = (fields: Record<string, string> = {}): string =>
  Object.entries({
    name: 'demo',
    dataset: './pictures',
    protections: '[identity]',
    attacks: '[identity]',
    metrics: '[ssim]',
    ...fields,
  })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');

const parse = (fields: Record<string, string> = {}) => parseExperiment(experiment(fields), 'demo.yaml');
const labels = (fields: Record<string, string>) => parse(fields).attacks.map(({ label }) => label);

const messageOf = (attempt: () => unknown): string => {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(CraquelureError);
    return (error as Error).message;
  }
  throw new Error('expected an error');
};

describe('settings', () => {
  it('sweep a list, crossing several', () => {
    expect(labels({ attacks: '[{ jpeg: { quality: [90, 50], subsampling: ["4:4:4", "4:2:0"] } }]' })).toEqual(
      [
        'jpeg(quality=90, subsampling=4:4:4)',
        'jpeg(quality=90)',
        'jpeg(quality=50, subsampling=4:4:4)',
        'jpeg(quality=50)',
      ],
    );
  });

  it('pair lists under zip', () => {
    expect(
      labels({ attacks: '[{ jpeg: { zip: { quality: [90, 50], subsampling: ["4:4:4", "4:2:0"] } } }]' }),
    ).toEqual(['jpeg(quality=90, subsampling=4:4:4)', 'jpeg(quality=50)']);
  });

  it('sweep lists inside chains', () => {
    expect(labels({ attacks: '["jpeg(quality=[90, 50]) | rescale(scale=0.25)"]' })).toEqual([
      'jpeg(quality=90) | rescale(scale=0.25)',
      'jpeg(quality=50) | rescale(scale=0.25)',
    ]);
  });

  it('know where their parameters are wrong', () => {
    const text = experiment({ attacks: '\n  - identity\n  - jpeg:\n      quality: 0' });
    const message = messageOf(() => parseExperiment(text, 'demo.yaml'));
    const place = { file: 'demo.yaml', line: 7 };
    expect(message).toBe(expected('integer between 1 and 100', 'jpeg.quality', 0, { place }).message);
  });

  it('know the nearest name', () => {
    const place = { file: 'demo.yaml', line: 4 };
    const message = messageOf(() => parse({ attacks: '[{ jpg: { quality: 50 } }]' }));
    expect(message).toBe(unknownName('attack', 'jpg', Object.keys(attacks), { place }).message);
    expect(message).toContain("Did you mean 'jpeg'?");
  });

  it('refuse lists of different lengths under zip', () => {
    const place = { file: 'demo.yaml', line: 4 };
    const message = messageOf(() =>
      parse({ attacks: '[{ jpeg: { zip: { quality: [90], subsampling: ["4:4:4", "4:2:0"] } } }]' }),
    );
    expect(message).toBe(unevenZip('jpeg.zip', ['quality', 'subsampling'], [1, 2], place).message);
  });

  it('are refused where they stand twice', () => {
    expect(messageOf(() => parse({ attacks: '[jpeg, "jpeg(quality=75)"]' }))).toContain('distinct settings');
  });
});

describe('an experiment file', () => {
  it.each([
    ['an unknown field', { atacks: '[jpeg]' }, "Unknown field 'atacks'. Did you mean 'attacks'?"],
    ['an empty list', { metrics: '[]' }, 'Expected a list with at least one entry for metrics'],
    ['a missing list', { metrics: '' }, 'Expected a list for metrics'],
    ['a bad name', { name: '"../up"' }, 'for name but received'],
    ['a bad seed', { seed: '-1' }, 'for seed but received -1'],
    ['a chain of metrics', { metrics: '["psnr | ssim"]' }, 'only attacks are chained'],
    ['two plug-ins in an entry', { metrics: '[{ psnr: {}, ssim: {} }]' }, 'Expected'],
    ['a number as plug-in', { metrics: '[3]' }, 'Expected'],
    [
      'an unknown pattern field',
      { only: '[{ atack: "jpeg*" }]' },
      "Unknown field 'atack'. Did you mean 'attack'?",
    ],
    ['an unknown verdict field', { verdict: '{ hold: 0.9 }' }, "Unknown field 'hold'. Did you mean 'holds'?"],
    [
      'thresholds that cross',
      { verdict: '{ holds: 0.2, broken: 0.5 }' },
      'Expected broken below holds for verdict',
    ],
    ['a threshold that is no share', { verdict: '{ holds: 80 }' }, 'for verdict.holds but received 80'],
    [
      'an effect that is not measured',
      { verdict: '{ effect: sim }' },
      "Unknown metric of this experiment 'sim'.",
    ],
    ['no data set', { dataset: '' }, 'for dataset but received'],
  ])('with %s is refused with file and line', (_, fields, sentence) => {
    const message = messageOf(() => parse(fields as Record<string, string>));
    expect(message).toContain(sentence);
    expect(message).toMatch(/demo\.yaml:\d+/);
  });

  it('that is not YAML is refused with its line', () => {
    expect(messageOf(() => parseExperiment('name: [1,\n', 'demo.yaml'))).toMatch(
      /Cannot read YAML.*demo\.yaml:\d/s,
    );
  });

  it('tells all its mistakes at once', () => {
    const message = messageOf(() => parse({ protections: '[nois]', attacks: '[jpg]', metrics: '[sim]' }));
    for (const id of ['nois', 'jpg', 'sim']) expect(message).toContain(`'${id}'`);
    expect(message).toMatch(/^3 mistakes in demo\.yaml:/);
  });

  it('may say where verdicts are cut and which effect is primary; what it leaves out has its default', () => {
    expect(parse({ verdict: '{ holds: 0.9, effect: ssim }', metrics: '[psnr, ssim]' }).verdict).toEqual({
      holds: 0.9,
      broken: 0.2,
      effect: 'ssim',
    });
    expect(parse({}).verdict).toBeUndefined();
  });

  it('takes a list of seeds as repeats of the matrix', () => {
    expect(cellsOf(parse({ seed: '[1, 2, 3]' })).map(({ seed }) => seed)).toEqual([1, 2, 3]);
  });
});

describe('only and except', () => {
  const fields = {
    protections: '[identity, noise]',
    attacks: '[identity, { jpeg: { quality: [90, 50] } }, "gaussian-blur | jpeg"]',
  };
  const cells = (more: Record<string, string>) =>
    cellsOf(parse({ ...fields, ...more })).map(
      ({ protection, attack }) => `${protection.label}/${attack.label}`,
    );

  it('keep cells by label or by the id of a link', () => {
    expect(cells({ only: '[{ attack: "jpeg(quality=5*" }]' })).toEqual([
      'identity/jpeg(quality=50)',
      'noise/jpeg(quality=50)',
    ]);
    expect(cells({ only: '[{ attack: "jpeg", protection: noise }]' }).length).toBe(3);
  });

  it('keep cells by a call, whether or not its values are the defaults', () => {
    const kept = (attack: string) => cells({ only: `[{ attack: "${attack}", protection: noise }]` });
    expect(kept('gaussian-blur | jpeg(quality=75)')).toEqual(['noise/gaussian-blur | jpeg']);
    expect(messageOf(() => kept('gaussian-blur | jpeg(quality=76)'))).toContain('No cell matches');
  });

  it('leave cells out', () => {
    expect(cells({ except: '[{ attack: "*jpeg*" }, { protection: identity }]' })).toEqual(['noise/identity']);
  });

  it('are refused where nothing is left', () => {
    const found = parse({ ...fields, only: '[{ attack: webp }]' });
    expect(messageOf(() => cellsOf(found))).toContain('No cell matches attack=webp (demo.yaml)');
  });
});

describe('the committed JSON Schema', () => {
  it('is the one that this version makes', async () => {
    const file = new URL('../../schema/experiment.schema.json', import.meta.url);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(experimentJsonSchema())),
    );
  });

  it('stands beside experiments that are all valid', async () => {
    const folder = new URL('../../experiments/', import.meta.url);
    const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
    expect(names).toContain('quickstart.yaml');
    for (const name of names) {
      const experiment = await readExperiment(fileURLToPath(new URL(name, folder)));
      expect(cellsOf(experiment).length).toBeGreaterThan(0);
    }
  });
});
