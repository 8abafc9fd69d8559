import { describe, expect, it } from 'vitest';
import { attacks } from '../../src/attacks/index.ts';
import { renamedParameter } from '../../src/messages/index.ts';
import { metrics } from '../../src/metrics/index.ts';
import type { PluginBase } from '../../src/plugin/define.ts';
import { parseParameters } from '../../src/plugin/parameters.ts';
import { protections } from '../../src/protections/index.ts';

const plugins: readonly PluginBase[] = [
  ...Object.values(protections),
  ...Object.values(attacks),
  ...Object.values(metrics),
];
const renamed = plugins.filter(({ formerNames }) => formerNames !== undefined);

describe('earlier names of parameters', () => {
  it.each(renamed.map((plugin) => [plugin.id, plugin] as const))(
    '%s: each belongs to a parameter, is not one itself, and the message about it gives the current name',
    (_, plugin) => {
      const names = Object.keys(plugin.params.shape);
      for (const [name, former] of Object.entries(plugin.formerNames!)) {
        expect(names).toContain(name);
        expect(names).not.toContain(former);
        const message = renamedParameter(plugin.id, former, name, undefined).message;
        expect(() => parseParameters(plugin, { [former]: 1 })).toThrow(message);
      }
      const formers = Object.values(plugin.formerNames!);
      expect(new Set(formers).size).toBe(formers.length);
    },
  );
});

describe('words for users', () => {
  const texts = plugins.flatMap((plugin) => [
    ...Object.entries(plugin.params.shape).map(
      ([name, schema]) => [`${plugin.id}.${name}`, schema.description ?? ''] as const,
    ),
    [plugin.id, plugin.summary] as const,
  ]);

  it('name the thing, without the private phrases of the past', () => {
    const dialect =
      /^of |\bunless told\b|\bbeside\b|\banew\b|\bin turn\b|\bwhere\b|\blearn(s|t|ed|ing(?! rate))?\b|\bpaint(s|ed)?\b|\bpictures?\b/i;
    const allowed = /Learned perceptual distance|a painting/gi;
    const found = texts.filter(([, text]) => dialect.test(text.replace(allowed, '')));
    expect(found).toEqual([]);
  });

  it('are the same for the same parameter of one family', () => {
    const shared = ['window', 'overlap', 'guidance', 'latent', 'negativePrompt', 'kernel', 'repeats'];
    for (const name of shared) {
      const said = new Set(
        texts
          .filter(([place]) => place.endsWith(`.${name}`))
          .map(([, text]) => text.replace(/ \(default: .*\)$/, '')),
      );
      expect([...said], name).toHaveLength(1);
    }
  });
});
