/** @file What every plug-in of every kind has to fulfil, as tests over a registry. */
import { expect, expectTypeOf, it } from 'vitest';
import type { PluginBase } from '../../src/plugin/define.ts';
import { describeParameters, parseParameters } from '../../src/plugin/parameters.ts';
import { registryOf } from '../../src/plugin/registry.ts';

/** One test for each promise of `PluginBase`, for each plug-in. */
export function testDefinitions(registry: Readonly<Record<string, PluginBase>>): void {
  for (const [key, plugin] of Object.entries(registry)) {
    it(`${key} is defined in full: id, version, words and parameters`, () => {
      expect(plugin.id).toBe(key);
      expect(key).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(plugin.version).toBeGreaterThanOrEqual(1);
      expect(plugin.summary).toMatch(/^[A-Z].*\.$/s);
      expect(plugin.label).not.toBe('');
      expect(plugin.reference).not.toBe('');
    });

    it(`${key} has defaults that its own schema accepts, and describes every parameter`, () => {
      const defaults = parseParameters(plugin, {});
      expect(parseParameters(plugin, defaults)).toEqual(defaults);
      for (const { name, accepts, description } of describeParameters(plugin)) {
        expect([name, accepts]).not.toContain('any value');
        expect(description, `${key}.${name} has no description`).not.toBe('');
      }
    });

    it(`${key} refuses a parameter that it does not have`, () => {
      expect(() => parseParameters(plugin, { 'no-such': 1 })).toThrow("Unknown parameter 'no-such'");
    });
  }

  it('a key that is not the id does not compile', () => {
    const plugin = { ...Object.values(registry)[0]!, id: 'here' } as PluginBase & { readonly id: 'here' };
    expectTypeOf(registryOf({ here: plugin }).here.id).toEqualTypeOf<'here'>();
    // @ts-expect-error: the key is another
    registryOf({ there: plugin });
  });
}
