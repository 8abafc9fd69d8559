import { describe, expect, it } from 'vitest';
import { fitsGlob } from '../../src/experiment/cells.ts';
import { cellsOf, parseExperiment } from '../../src/experiment/experiment.ts';
import { tooManyCells, tooManySettings } from '../../src/messages/index.ts';

const yaml = (fields: Readonly<Record<string, string>>): string =>
  Object.entries({
    name: 'x',
    dataset: 'atelier',
    protections: '[identity]',
    attacks: '[identity]',
    metrics: '[ssim]',
    ...fields,
  })
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
const numbers = (count: number): string => `[${Array.from({ length: count }, (_, i) => i + 1).join(', ')}]`;

describe('an experiment file without end', () => {
  it('has its sweeps counted before they are made', () => {
    const attacks = `[{ guided: { radius: ${numbers(30)}, epsilon: ${numbers(1000)}, count: ${numbers(1000)} } }]`;
    expect(() => parseExperiment(yaml({ attacks }), 'x.yaml')).toThrow(
      /at most 10000 settings for guided but its lists stand for/,
    );
    const chain = Array.from({ length: 5 }, () => `jpeg(quality=${numbers(10)})`).join(' | ');
    expect(() => parseExperiment(yaml({ attacks: `["${chain}"]` }), 'x.yaml')).toThrow(
      tooManySettings('attack', 100_000, 10_000, { file: 'x.yaml', line: 4 }).message,
    );
  });

  it('has its cells counted before they are made', () => {
    const seeds = numbers(3_000);
    const attacks = `[{ jpeg: { quality: ${numbers(90)} } }]`;
    const experiment = parseExperiment(yaml({ seed: seeds, attacks }), 'x.yaml');
    expect(() => cellsOf(experiment)).toThrow(tooManyCells(270_000, 200_000));
  });

  it.each([
    ['an alias to nothing', 'name: *nobody\n'],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(10).fill(`*${'abcdefg'[i]}`)}]`)
        .join('\n')}\n`,
    ],
    ['lists nested 50,000 deep', `name: ${'['.repeat(50_000)}`],
    ['a call nested 50,000 deep', yaml({ attacks: `["jpeg(quality=${'['.repeat(50_000)})"]` })],
  ])('with %s is a mistake with its file', (_, text) => {
    const attempt = () => parseExperiment(text, 'x.yaml');
    expect(attempt).toThrow(/x\.yaml/);
    expect(attempt).not.toThrow(/Maximum call stack/);
    expect(attempt).toThrow(expect.objectContaining({ name: 'CraquelureError' }) as Error);
  });
});

describe('a pattern with stars', () => {
  it('fits what it fitted as a regular expression', () => {
    const texts = ['', 'a', 'ab', 'aba', 'abab', 'jpeg(quality=75)', 'rescale | jpeg', 'a.b', 'aXb'];
    const globs = [
      '',
      '*',
      'a',
      'a*',
      '*a',
      'a*b',
      '*ab*',
      'ab*ab',
      'aba*ba',
      '*(*=7*',
      '**',
      'a**b',
      'a.b',
      '*|*jpeg',
    ];
    for (const glob of globs) {
      const escaped = glob.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      const expression = new RegExp(`^${escaped.join('.*')}$`);
      for (const text of texts)
        expect(fitsGlob(glob, text), `${glob} on ${text}`).toBe(expression.test(text));
    }
  });

  it('ends at once, however many stars there are', () => {
    const text = Array(61).fill('jpeg(quality=75)').join(' | ').repeat(50);
    expect(fitsGlob(`${'*j*p*e*g'.repeat(200)}*q!`, text)).toBe(false);
    expect(fitsGlob(`${'*j*p*e*g'.repeat(20)}*`, text)).toBe(true);
  });
});
