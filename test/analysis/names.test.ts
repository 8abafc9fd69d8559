import { describe, expect, it } from 'vitest';
import type { Setting } from '../../src/experiment/setting.ts';
import { printedNames } from '../../src/analysis/names.ts';

const link = (id: string, params: Record<string, unknown>) => ({ id, name: id, version: 1, params });
const setting = (label: string, ...links: ReturnType<typeof link>[]): Setting => ({
  label,
  links,
  random: false,
});

describe('the printed name of a setting', () => {
  it('says a swept parameter also where it is the default', () => {
    const names = printedNames([
      setting('jpeg(quality=90)', link('jpeg', { quality: 90, chroma: '4:2:0' })),
      setting('jpeg', link('jpeg', { quality: 75, chroma: '4:2:0' })),
      setting('jpeg(chroma=4:4:4)', link('jpeg', { quality: 75, chroma: '4:4:4' })),
      setting('jpeg | rescale', link('jpeg', { quality: 75 }), link('rescale', { scale: 0.5 })),
    ]);
    expect([...names.values()]).toEqual([
      'jpeg(quality=90, chroma=4:2:0)',
      'jpeg(quality=75, chroma=4:2:0)',
      'jpeg(chroma=4:4:4, quality=75)',
      'jpeg(quality=75) | rescale',
    ]);
  });

  it('is the label where nothing is swept', () => {
    expect([
      ...printedNames([setting('mist(steps=100)', link('mist', { steps: 100, level: 'medium' }))]),
    ]).toEqual([['mist(steps=100)', 'mist(steps=100)']]);
  });
});
