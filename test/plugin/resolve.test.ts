import { describe, expect, it } from 'vitest';
import { expected, unknownName, unknownParameter } from '../../src/messages/index.ts';
import { parseChain } from '../../src/plugin/call.ts';
import { resolvePlugin } from '../../src/plugin/resolve.ts';
import { zoo } from './fixture.ts';
import { resolveCall } from './resolve-call.ts';

const registry = { zoo, jpeg: { ...zoo, id: 'jpeg' } };

describe('resolvePlugin', () => {
  it('finds a plug-in by its id', () => {
    expect(resolvePlugin('attack', registry, 'zoo')).toBe(zoo);
  });

  it('names the nearest of the plug-ins there are', () => {
    expect(() => resolvePlugin('attack', registry, 'jpg')).toThrow(
      unknownName('attack', 'jpg', ['zoo', 'jpeg']),
    );
    expect(() => resolvePlugin('attack', registry, 'jpg')).toThrow(
      "Unknown attack 'jpg'. Did you mean 'jpeg'? Available: zoo, jpeg",
    );
  });

  it('does not take a property of every object for a plug-in', () => {
    expect(() => resolvePlugin('attack', registry, 'constructor')).toThrow('Unknown attack');
  });
});

describe('the calls of a chain', () => {
  const resolve = (text: string) => parseChain(text).map((call) => resolveCall('attack', registry, call));

  it('fills the parameters of every link in', () => {
    const [first, second] = resolve('zoo | jpeg(quality=5)');
    expect(first!.plugin).toBe(zoo);
    expect(second!.params).toMatchObject({ quality: 5, steps: 10 });
  });

  it('points to the link that is unknown, and to the parameter that is wrong', () => {
    const unknown = { excerpt: { text: 'zoo | jpgg', column: 7 } };
    expect(() => resolve('zoo | jpgg')).toThrow(
      unknownName('attack', 'jpgg', ['zoo', 'jpeg'], { place: unknown }),
    );
    const wrong = { excerpt: { text: 'zoo | jpeg(quality=0)', column: 12 } };
    expect(() => resolve(wrong.excerpt.text)).toThrow(
      expected('integer between 1 and 100', 'jpeg.quality', 0, { place: wrong }),
    );
    const misspelt = { excerpt: { text: 'jpeg(qualty=5)', column: 6 } };
    expect(() => resolve(misspelt.excerpt.text)).toThrow(
      unknownParameter('jpeg', 'qualty', Object.keys(zoo.params.shape), misspelt),
    );
  });
});
