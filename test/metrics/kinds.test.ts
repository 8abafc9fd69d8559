import { describe, expect, expectTypeOf, it } from 'vitest';
import { ARMS } from '../../src/metrics/arms.ts';
import type { Metric } from '../../src/metrics/define.ts';
import { metrics } from '../../src/metrics/index.ts';
import { KINDS, kindOf } from '../../src/metrics/kinds/index.ts';
import { defaultParameters } from '../../src/plugin/parameters.ts';

const items = Array.from({ length: 12 }, (_, i) => ({
  id: `${i}.png`,
  artist: i < 6 ? 'A' : 'B',
  caption: `a mountain ${i}`,
}));
const all: readonly Metric[] = Object.values(metrics);

describe('the table of kinds', () => {
  it('has an entry for each kind, and a missing one does not compile', () => {
    expectTypeOf<keyof typeof KINDS>().toEqualTypeOf<Metric['kind']>();
    const { set: _, ...others } = KINDS;
    // @ts-expect-error an entry is missing
    const incomplete: typeof KINDS = others;
    expect(Object.keys(incomplete)).toHaveLength(Object.keys(KINDS).length - 1);
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(Object.keys(KINDS)));
  });

  it.each(all.map((metric) => [metric.id, metric] as const))(
    'gives units with distinct names for %s',
    (_, metric) => {
      const units = kindOf(metric).units(items, metric, defaultParameters(metric));
      expect(units.length).toBeGreaterThan(0);
      expect(new Set(units.map(({ name }) => name)).size).toBe(units.length);
      for (const { arms, items: own } of units) {
        expect(arms).toEqual(expect.arrayContaining([...ARMS]));
        expect(own.length).toBeGreaterThan(0);
      }
    },
  );

  it('measures one image at a time, all as one set, or each sample of a mimic', () => {
    const count = (kind: Metric['kind'], wanted: (metric: Metric) => boolean = () => true): number => {
      const metric = all.find((each) => each.kind === kind && wanted(each))!;
      return kindOf(metric).units(items, metric, defaultParameters(metric)).length;
    };
    expect(count('pair')).toBe(items.length);
    expect(count('view')).toBe(items.length);
    // All images, then all but each of them, then all but each of the two artists.
    expect(count('set', ({ id }) => id === 'frechet')).toBe(1 + items.length + 2);
    // Two artists, eight prompts, two images for each prompt.
    expect(count('generated', ({ id }) => id === 'lora-mimicry')).toBe(2 * 8 * 2);
  });
});
