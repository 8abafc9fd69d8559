import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunFolder } from '../../src/run/run-folder.ts';
import { seriesScales } from '../../src/report/charts/residual-axis.ts';
import type { Answers } from '../../src/analysis/answers.ts';
import { analyse } from '../../src/analysis/analyse.ts';
import { type Chart, chartsOf, type Figure, renderCharts } from '../../src/report/figures.ts';
import { findingsOf } from '../../src/analysis/findings/findings.ts';
import { loadTypeface } from '../../src/report/outline.ts';
import {
  blur,
  chain,
  identityAttack,
  identityProtection,
  jpeg,
  makeRun,
  noise,
  ripple,
  ssim,
} from '../report-fixture.ts';

const chartsOfRun = (run: RunFolder): Chart[] => {
  const answers = analyse(run, { draws: 200 });
  return chartsOf(answers, findingsOf(run, answers));
};

describe('the figures of a run', () => {
  let answers: Answers;
  let charts: Chart[];
  let figures: Figure[];
  const warnings: string[] = [];
  beforeAll(async () => {
    const run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-figures-')),
      attacks: [identityAttack, jpeg(75), jpeg(40), blur(0.6), chain(jpeg(40), blur(0.6))],
    });
    answers = analyse(run, { draws: 500 });
    charts = chartsOf(answers, findingsOf(run, answers));
    figures = await renderCharts(charts, (message) => warnings.push(message));
  });

  it('are a matrix, a forest and a curve for each family, under every effect', () => {
    expect(figures.map(({ name }) => name)).toEqual([
      'matrix-ssim',
      'forest-ssim',
      'curve-jpeg-ssim',
      'pareto-time-ssim',
      'pareto-quality-ssim',
      'matrix-psnr',
      'forest-psnr',
      'curve-jpeg-psnr',
      'pareto-time-psnr',
      'pareto-quality-psnr',
    ]);
  });

  it('compile and render without a warning from Vega', () => {
    expect(warnings).toEqual([]);
  });

  it('are specs of their own, with the data inside', () => {
    for (const { spec } of figures) {
      expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
      expect(JSON.stringify(spec)).not.toContain('"url"');
    }
  });

  it('name attacks over their price only where the names cover neither a point nor each other', () => {
    const texts = (svg: string) =>
      [...svg.matchAll(/<text[^>]*translate\(([-\d.]+),([-\d.]+)\)[^>]*font-size="9px"[^>]*>([^<]+)</g)].map(
        ([, x, y, text]) => ({ x: Number(x), y: Number(y), text: text! }),
      );
    const { svg } = figures.find(({ name }) => name === 'pareto-time-ssim')!;
    const names = texts(svg).filter(({ text }) => answers.pairs.some((pair) => pair.names.attack === text));
    expect(names.length).toBeGreaterThan(0);
    for (const [i, a] of names.entries()) {
      for (const b of names.slice(i + 1)) {
        const apart = Math.abs(a.y - b.y) >= 9 || Math.abs(a.x - b.x) >= 9;
        expect(apart, `${a.text} on ${b.text}`).toBe(true);
      }
    }
  });

  it('show every pair with its verdict in the matrix', () => {
    const { svg } = figures.find(({ name }) => name === 'matrix-ssim')!;
    const own = answers.pairs.filter(({ effect }) => effect.metric.label === 'ssim');
    for (const { protection, attack } of own) {
      expect(svg).toContain(`>${protection.label}<`);
      expect(svg).toContain(`>${attack.label}<`);
    }
    const words = svg.match(/>(holds|weakened|broken|no effect|inconclusive)</g) ?? [];
    expect(words).toHaveLength(own.length);
  });

  it('give each of many protections a colour and shape of its own', () => {
    const { color, shape } = seriesScales(Array.from({ length: 20 }, (_, i) => `p${i}`));
    const marks = color.scale.range.map((colour, i) => `${colour} ${shape.scale.range[i]}`);
    expect(new Set(marks).size).toBe(20);
  });

  it('put harsher settings to the right', () => {
    const { svg } = figures.find(({ name }) => name === 'curve-jpeg-ssim')!;
    const tick = (label: string): number =>
      Number(new RegExp(`translate\\(([\\d.]+),[\\d.]+\\)[^>]*>${label}<`).exec(svg)![1]);
    expect(tick('40')).toBeGreaterThan(tick('75'));
  });

  it('have ids of their own, so that several stand in one page', () => {
    const ids = figures.flatMap(({ svg }) => [...svg.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('have PNGs at three pixels a point, opaque, with text drawn', async () => {
    for (const { svg, png } of figures) {
      const { width, channels } = await sharp(png).metadata();
      expect(width).toBe(3 * Number(/width="(\d+)"/.exec(svg)![1]));
      expect(channels).toBe(3);
    }
  });

  it('are the same bytes when rendered again', async () => {
    const again = await renderCharts(charts, () => {});
    expect(again.map(({ svg }) => svg)).toEqual(figures.map(({ svg }) => svg));
    for (const [i, { png }] of again.entries()) expect(Buffer.compare(png, figures[i]!.png)).toBe(0);
  });
});

describe('charts without something to show', () => {
  it('are left out: no strength axis no curve, no effect no forest', async () => {
    const run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-figures-')),
      protections: [identityProtection],
      attacks: [identityAttack],
      metrics: [ssim],
    });
    expect(chartsOfRun(run).map(({ name }) => name)).toEqual(['matrix-ssim']);
  });

  it('do not mention a protection without effect in a curve', async () => {
    const run = await makeRun({
      dir: await mkdtemp(join(tmpdir(), 'craquelure-figures-')),
      protections: [identityProtection, noise, ripple],
      attacks: [jpeg(75), jpeg(40)],
      metrics: [ssim],
    });
    const curve = chartsOfRun(run).find(({ kind }) => kind === 'curve')!;
    expect(JSON.stringify(curve.spec)).not.toContain('identity');
    expect(JSON.stringify(curve.spec)).toContain('noise');
  });
});

describe('text as outlines', () => {
  it('leaves no text to the fonts of the machine', async () => {
    const { outline } = await loadTypeface();
    const svg =
      '<svg><text text-anchor="end" font-family="x" font-size="11px" fill="#000">a &lt; b</text></svg>';
    expect(outline(svg)).toMatch(/^<svg><path fill="#000" d="M[^"]+"\/><\/svg>$/);
  });

  it('knows an empty line, which has no end of its own, and leaves no markup behind', async () => {
    const { outline } = await loadTypeface();
    const line = (text: string): string =>
      `<text font-size="11px"><tspan x="0" dy="0"/><tspan x="0" dy="13">${text}</tspan></text>`;
    const one = outline('<text font-size="11px">identity</text>');
    // The same glyphs, one line lower.
    const numbers = (path: string): number[] => (path.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);
    const [upper, lower] = [numbers(one), numbers(outline(line('identity')))];
    expect(lower).toHaveLength(upper.length);
    expect(Math.min(...lower)).toBeGreaterThan(Math.min(...upper));
  });

  it('anchors a line where the text was anchored', async () => {
    const { outline, width } = await loadTypeface();
    const leftOf = (anchor: string): number =>
      Number(/d="M(-?[\d.]+)/.exec(outline(`<text text-anchor="${anchor}" font-size="10px">lll</text>`))![1]);
    expect(leftOf('start') - leftOf('end')).toBeCloseTo(width('lll', 10, false), 1);
    expect(leftOf('start') - leftOf('middle')).toBeCloseTo(width('lll', 10, false) / 2, 1);
  });

  it('keeps text that the font cannot write', async () => {
    const { outline } = await loadTypeface();
    const svg = '<text font-size="11px">睡蓮</text>';
    expect(outline(svg)).toBe(svg);
  });
});
