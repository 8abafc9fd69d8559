import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { expected, unknownParameter } from '../../src/messages/index.ts';
import { describeParameters, parseParameters } from '../../src/plugin/parameters.ts';
import { zoo } from './fixture.ts';

const place = { file: 'experiments/demo.yaml', line: 14 };

describe('parseParameters', () => {
  it('fills defaults in and leaves out what has none', () => {
    expect(parseParameters(zoo, { quality: 50 })).toEqual({
      quality: 50,
      scale: 0.5,
      steps: 10,
      mode: 'sign',
      size: 3,
      stride: 1,
      exact: true,
      text: '',
      list: [1],
    });
  });

  it.each([
    ['quality', 0, 'integer between 1 and 100'],
    ['quality', 7.5, 'integer between 1 and 100'],
    ['quality', '75', 'integer between 1 and 100'],
    ['quality', null, 'integer between 1 and 100'],
    ['scale', 0, 'number above 0 and at most 1'],
    ['sigma', -1, 'number at least 0'],
    ['steps', 0, 'integer above 0'],
    ['mode', 'signs', "one of 'sign', 'uniform', '4:2:0'"],
    ['size', 4, 'one of 3, 5'],
    ['stride', 0.3, 'number, a multiple of 0.25'],
    ['exact', 'yes', 'true or false'],
    ['text', 3, 'string'],
    ['list', [1, -1], 'list, each number at least 0'],
  ])('says what it expected for %s=%j', (name, value, what) => {
    const given = { [name]: value };
    expect(() => parseParameters(zoo, given, place)).toThrow(expected(what, `zoo.${name}`, value, { place }));
  });

  it('words the error as the house does', () => {
    expect(() => parseParameters(zoo, { quality: 0 }, place)).toThrow(
      'Expected integer between 1 and 100 for zoo.quality but received 0 (experiments/demo.yaml:14)',
    );
  });

  it('names an unknown parameter before anything else that is wrong, with the nearest name', () => {
    const wrong = { quality: 0, qualty: 50 };
    expect(() => parseParameters(zoo, wrong)).toThrow(
      unknownParameter('zoo', 'qualty', Object.keys(zoo.params.shape)),
    );
    expect(() => parseParameters(zoo, wrong)).toThrow("Did you mean 'quality'?");
  });

  it('says so where a plug-in takes no parameters', () => {
    const plain = { id: 'plain', params: z.strictObject({}) };
    expect(() => parseParameters(plain, { eps: 1 })).toThrow(unknownParameter('plain', 'eps', []));
  });

  it('points to the place of the parameter that is wrong', () => {
    const placeOf = (name?: string) => ({ file: 'a.yaml', line: name === 'scale' ? 3 : 1 });
    expect(() => parseParameters(zoo, { scale: 2 }, placeOf)).toThrow('(a.yaml:3)');
  });

  it('uses the words of a refinement of the whole', () => {
    const pair = {
      id: 'pair',
      params: z
        .strictObject({ low: z.number().default(0), high: z.number().default(1) })
        .refine(({ low, high }) => low < high, 'low below high'),
    };
    expect(() => parseParameters(pair, { low: 2 })).toThrow('Expected low below high for pair');
  });
});

describe('describeParameters', () => {
  it('gives name, range, unit and default in the order of the schema', () => {
    const described = describeParameters(zoo);
    expect(described.map(({ name }) => name)).toEqual(Object.keys(zoo.params.shape));
    expect(described[0]).toEqual({
      name: 'quality',
      accepts: 'integer between 1 and 100',
      description: 'quality in percent',
      default: 75,
    });
    expect(described[2]!.default).toBeUndefined();
  });
});
