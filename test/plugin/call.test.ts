import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { malformedChain, repeatedParameter } from '../../src/messages/index.ts';
import { formatCall, formatChain, parseChain, parseList } from '../../src/plugin/call.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { zoo } from './fixture.ts';

const read = (text: string) => parseChain(text).map(({ id, params }) => ({ id, params }));

describe('parseChain', () => {
  it('reads names, parameters and chains, with or without spaces', () => {
    const chain = [
      { id: 'jpeg', params: { quality: 75 } },
      { id: 'crop-resize', params: {} },
      { id: 'rescale', params: { scale: 0.5, kernel: 'lanczos' } },
    ];
    expect(read('jpeg(quality=75) | crop-resize | rescale(scale=0.5, kernel=lanczos)')).toEqual(chain);
    expect(read(' jpeg( quality = 75 )|crop-resize()|rescale(scale=.5,kernel=lanczos) ')).toEqual(chain);
  });

  it.each([
    ['7', 7],
    ['-7.5', -7.5],
    ['.5', 0.5],
    ['5.', 5],
    ['1e-3', 0.001],
    ['.inf', Number.POSITIVE_INFINITY],
    ['true', true],
    ['false', false],
    ['null', null],
    ['~', null],
    ['lanczos', 'lanczos'],
    ['4:2:0', '4:2:0'],
    ['8/255', '8/255'],
    ['out/a.png', 'out/a.png'],
    ["'it''s, (this)'", "it's, (this)"],
    ['"a \\"b\\" | c\\u00e9"', 'a "b" | cé'],
    ["'75'", '75'],
    ['[]', []],
    ['[90, 75,50]', [90, 75, 50]],
    ["[[1, 2], 'a', b]", [[1, 2], 'a', 'b']],
  ])('reads the value %s', (text, value) => {
    expect(read(`a(x=${text})`)).toEqual([{ id: 'a', params: { x: value } }]);
  });

  it.each([
    ['', 0, 'the name of a plug-in', ''],
    ['jpeg |', 6, 'the name of a plug-in', ''],
    ['jpeg rescale', 5, "'|' or the end of the chain", "'r'"],
    ['jpeg(75)', 5, 'the name of a parameter', "'7'"],
    ['jpeg(quality 75)', 13, "'='", "'7'"],
    ['jpeg(quality=)', 13, 'a value', "')'"],
    ['jpeg(quality=75', 15, "',' or ')'", ''],
    ['jpeg(quality=75 | rescale', 16, "',' or ')'", "'|'"],
    ['jpeg(quality=[75, 50)', 20, "',' or ']'", "')'"],
    ['a(x="\\q")', 4, 'a quoted text', '"\\q"'],
    ["a(x='open)", 4, 'a value', "'''"],
    ['jpeg(quality=75))', 16, "'|' or the end of the chain", "')'"],
  ])('points to the mistake in %j', (text, at, wanted, received) => {
    const place = { file: '--attack' };
    const excerpt = { text, column: at + 1 };
    expect(() => parseChain(text, place)).toThrow(malformedChain(wanted, received, { ...place, excerpt }));
  });

  it('draws the caret below the mistake', () => {
    expect(() => parseChain('jpeg(quality 75)', { file: '--attack' })).toThrow(
      "Expected '=' but received '7' (--attack)\n  jpeg(quality 75)\n               ^",
    );
  });

  it('refuses a parameter given twice', () => {
    const excerpt = { text: 'jpeg(quality=1, quality=2)', column: 17 };
    expect(() => parseChain(excerpt.text)).toThrow(repeatedParameter('quality', { excerpt }));
  });

  it('remembers where each call and each parameter stands', () => {
    const [, second] = parseChain('jpeg | rescale(scale=2)', { file: 'a.yaml', line: 3 });
    expect(second!.placeOf()?.excerpt?.column).toBe(8);
    expect(second!.placeOf('scale')).toEqual({
      file: 'a.yaml',
      line: 3,
      excerpt: { text: 'jpeg | rescale(scale=2)', column: 16 },
    });
  });
});

const settings = fc.record(
  {
    quality: fc.integer({ min: 1, max: 100 }),
    scale: fc.double({ min: 0.001, max: 1, noNaN: true }),
    sigma: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((x) => x + 0), // no -0
    mode: fc.constantFrom('sign', 'uniform', '4:2:0'),
    size: fc.constantFrom(3, 5),
    exact: fc.boolean(),
    text: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('75', 'true', '.inf', '~', "a'b", '[1]', ' ', '1e5'),
    ),
    list: fc.array(fc.double({ min: 1e-9, max: 1e9, noNaN: true })),
  },
  { requiredKeys: [] },
);

describe('formatCall', () => {
  it('lists what differs from the defaults, in the order of the schema', () => {
    const params = parseParameters(zoo, { mode: '4:2:0', quality: 50, scale: 0.5, list: [2, 3] });
    expect(formatCall(zoo, params)).toBe('zoo(quality=50, mode=4:2:0, list=[2, 3])');
    expect(formatCall(zoo, parseParameters(zoo, {}))).toBe('zoo');
  });

  it('is read back as the same setting', () => {
    fc.assert(
      fc.property(settings, (given) => {
        const params = parseParameters(zoo, given);
        const [call] = parseChain(formatCall(zoo, params));
        expect(call!.id).toBe('zoo');
        expect(parseParameters(zoo, call!.params)).toEqual(params);
      }),
    );
  });

  it('is read back as a chain', () => {
    fc.assert(
      fc.property(fc.array(settings, { minLength: 1, maxLength: 5 }), (chain) => {
        const links = chain.map((given) => ({ plugin: zoo, params: parseParameters(zoo, given) }));
        const calls = parseChain(formatChain(links));
        expect(calls.map(({ params }) => parseParameters(zoo, params))).toEqual(
          links.map(({ params }) => params),
        );
      }),
    );
  });
});

describe('parseList', () => {
  it('reads a list as calls write it', () => {
    expect(parseList(' [jpeg, "rescale(scale=0.5) | flip", 3, [true]] ')).toEqual([
      'jpeg',
      'rescale(scale=0.5) | flip',
      3,
      [true],
    ]);
    expect(parseList('[]')).toEqual([]);
  });

  it('points to where it goes wrong', () => {
    const place = (text: string, column: number) => ({ excerpt: { text, column } });
    expect(() => parseList('[a, b')).toThrow(malformedChain("',' or ']'", '', place('[a, b', 6)));
    expect(() => parseList('[a] b')).toThrow(malformedChain('the end', "'b'", place('[a] b', 5)));
    expect(() => parseList('a')).toThrow(malformedChain("'['", "'a'", place('a', 1)));
  });
});
