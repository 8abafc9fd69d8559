import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareRuns } from '../../src/analysis/compare.ts';
import { writeComparison } from '../../src/report/comparison-report.ts';
import { writeReport } from '../../src/report/report.ts';
import { identityAttack, jpeg, makeRun, noise, ripple } from '../report-fixture.ts';
import { hasBrowser, openBrowser } from './browser.ts';

const temporary = (name: string): Promise<string> => mkdtemp(join(tmpdir(), `craquelure-${name}-`));

/** Two protections under three attacks by two metrics; one of the twelve cells is missing. */
async function makeSmallRun() {
  const run = await makeRun({
    dir: await temporary('page'),
    images: ['meadow.png', 'harbour.png', 'mill.png'],
    size: 32,
    protections: [noise, ripple],
    attacks: [identityAttack, jpeg(75), jpeg(40)],
  });
  const cells = run.cells.filter(
    ({ protection, attack, metric }) =>
      !(
        protection.links[0]!.id === 'noise' &&
        attack.label === 'jpeg(quality=40)' &&
        metric.label === 'psnr'
      ),
  );
  expect(cells).toHaveLength(11);
  return { ...run, cells };
}

if (!hasBrowser) it.skip('the report in a browser: no Chromium on PATH or in CHROMIUM_PATH');
else
  describe('in a browser', () => {
    let browser: Browser;
    let page: Page;
    let reportUrl: string;
    let comparisonUrl: string;
    const failures: string[] = [];

    beforeAll(async () => {
      const run = await makeSmallRun();
      reportUrl = pathToFileURL(await writeReport(run, { draws: 200, effect: 'ssim' })).href;
      const found = compareRuns(run, run, { draws: 200 });
      comparisonUrl = pathToFileURL(await writeComparison(found, await temporary('compare'))).href;
      browser = await openBrowser();
    });
    afterAll(() => browser?.close());
    beforeEach(async () => {
      failures.length = 0;
      page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      page.on('pageerror', ({ message }) => failures.push(message));
      page.on('request', (request) => {
        if (!/^(file|data|blob):/.test(request.url())) failures.push(request.url());
      });
    });
    afterEach(async () => {
      await page.close();
      expect(failures).toEqual([]);
    });

    const textsOf = (selector: string): Promise<string[]> => page.locator(selector).allInnerTexts();
    const selected = async (id: string): Promise<string> =>
      (await page.locator(`#${id} option:checked`).textContent())!;
    /** The eight pictures of the viewer: of each arm the picture, then its map; '' if there is none. */
    const sources = (): Promise<string[]> =>
      page
        .locator('#g-arms img')
        .evaluateAll((images: { getAttribute(name: string): string | null }[]) =>
          images.map((image) => image.getAttribute('src') ?? ''),
        );
    const style = (name: string): Promise<string> =>
      page
        .locator('#g-arms')
        .evaluate(
          (arms: { style: { getPropertyValue(name: string): string } }, name) =>
            arms.style.getPropertyValue(name),
          name,
        );

    it('the report opens with one effect, and with the pair that says most in the viewer', async () => {
      await page.goto(reportUrl);
      expect(await page.locator('.for-effect:visible').count()).toBe(1);
      expect(await selected('g-protection')).toBe('ripple(level=medium)');
      expect(await selected('g-attack')).toMatch(/^jpeg/);
      expect(await textsOf('#g-verdict')).toEqual([
        expect.stringMatching(/^d = 1 − SSIM over all images: \w+, R = /),
      ]);
      const shown = await sources();
      expect(shown).toHaveLength(8);
      for (const source of shown) expect(source).toMatch(/^data:image\/webp;base64,UklGR/);
      expect(await textsOf('#g-arms .missing')).toEqual(['', '', '', '']);
      const measures = await textsOf('#g-arms .measure');
      for (const measure of measures) expect(measure).toMatch(/^SSIM [\d.]+/);
      expect(measures.map((text) => text.includes('R of this image'))).toEqual([false, false, false, true]);
    });

    it('a tab shows its own effect everywhere: figures, verdict and measures', async () => {
      await page.goto(reportUrl);
      const tabs = page.locator('.tabs button');
      await tabs.nth(1).click();
      expect(
        await tabs.evaluateAll((all: { ariaPressed: string }[]) => all.map((tab) => tab.ariaPressed)),
      ).toEqual(['false', 'true']);
      expect(await page.locator('.for-effect:visible').getAttribute('data-effect')).toBe('1');
      expect(await page.locator('#g-verdict').innerText()).toMatch(/^d = 10\^\(−PSNR\/20\) over all images/);
      expect((await textsOf('#g-arms .measure'))[1]).toMatch(/^PSNR [\d.]+ dB$/);
    });

    it('the viewer says which choice is not in the run', async () => {
      await page.goto(reportUrl);
      await page.locator('.tabs button').nth(1).click();
      await page.selectOption('#g-protection', { label: 'noise(level=medium)' });
      await page.selectOption('#g-attack', { label: 'jpeg(quality=40)' });
      expect(await page.locator('#g-verdict').innerText()).toBe('This run has no cell for this choice.');
      expect(await textsOf('#g-arms .measure')).toEqual(['', '', '', '']);
    });

    it('the viewer goes through images both ways, round and round', async () => {
      await page.goto(reportUrl);
      const seen = [await sources()];
      for (let i = 0; i < 3; i++) {
        await page.click('#g-next');
        seen.push(await sources());
      }
      expect(seen[3]).toEqual(seen[0]);
      expect(new Set(seen.map(([clean]) => clean)).size).toBe(3);
      await page.click('#g-previous');
      expect(await sources()).toEqual(seen[2]);
      expect(await selected('g-image')).toBe('mill.png');
    });

    it('the viewer changes the pictures that a choice changes, and no other', async () => {
      await page.goto(reportUrl);
      const before = await sources();
      await page.selectOption('#g-attack', { label: 'identity' });
      const after = await sources();
      const changed = after.map((source, i) => source !== before[i]);
      expect(changed).toEqual([false, false, false, false, true, true, true, true]);
    });

    it('the viewer shows the clean picture in all places while its button is held', async () => {
      await page.goto(reportUrl);
      const before = await sources();
      await page.hover('#g-blink');
      await page.mouse.down();
      const held = await sources();
      expect([held[0], held[2], held[4], held[6]]).toEqual(Array(4).fill(before[0]));
      expect([held[1], held[3], held[5], held[7]]).toEqual([before[1], before[3], before[5], before[7]]);
      await page.mouse.up();
      expect(await sources()).toEqual(before);
    });

    it('differences are amplified as much as the slider says', async () => {
      await page.goto(reportUrl);
      expect(await page.locator('#g-ramp-end').innerText()).toBe('≥ 15.9/255');
      await page.fill('#g-amplify', '6');
      expect(await page.locator('#g-amplification').innerText()).toBe('64');
      expect(await page.locator('#g-ramp-end').innerText()).toBe('≥ 3.98/255');
      const gammas = page.locator('#amplify [type=gamma]');
      expect(await gammas.count()).toBe(3);
      for (const gamma of await gammas.all()) expect(await gamma.getAttribute('amplitude')).toBe('64');
    });

    it('zoom stays between the whole picture and 64 times, and a drag stays within the picture', async () => {
      await page.goto(reportUrl);
      expect(await page.locator('#g-zoom').innerText()).toBe('fit');
      await page.click('#g-in');
      expect(await page.locator('#g-zoom').innerText()).toBe('×2');
      expect([await style('--s'), await style('--x'), await style('--y')]).toEqual(['2', '-50', '-50']);

      const port = page.locator('.port').first();
      await port.scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await port.boundingBox())!;
      await page.mouse.move(x + width / 2, y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + width / 4, y + height / 2);
      expect(Number(await style('--x'))).toBeCloseTo(-75, 3);
      await page.mouse.move(x - 3 * width, y + height / 2);
      expect(await style('--x')).toBe('-100');
      await page.mouse.up();

      await page.keyboard.down('Control');
      await page.mouse.move(x + width / 2, y + height / 2);
      await page.mouse.wheel(0, -4000);
      await page.keyboard.up('Control');
      await expect.poll(() => page.locator('#g-zoom').innerText()).toBe('×64');
      await page.click('#g-fit');
      expect([await style('--s'), await style('--x'), await style('--y')]).toEqual(['1', '0', '0']);
      await port.dblclick({ position: { x: 0, y: 0 } });
      expect([await style('--s'), await style('--x'), await style('--y')]).toEqual(['2', '0', '0']);
    });

    it('a tile of the matrix leads to its pictures', async () => {
      await page.goto(reportUrl);
      await page.locator('.tabs button').nth(1).click();
      const tile = page.locator('.for-effect:visible .chart a').first();
      const hash = (await tile.getAttribute('xlink:href'))!;
      await tile.click({ position: { x: 5, y: 5 } }); // its words are links of their own
      expect(page.url()).toBe(`${reportUrl}${hash}`);
      expect(await selected('g-protection')).toBe('noise(level=medium)');
      expect(await selected('g-attack')).toBe('identity');
      // The same address opened anew leads there as well, to the effect of that pair.
      await page.goto('about:blank');
      await page.goto(`${reportUrl}${hash}`);
      expect(await selected('g-attack')).toBe('identity');
      expect(await page.locator('.tabs [aria-pressed=true]').getAttribute('data-effect')).toBe('1');
      expect(await page.locator('#gallery').boundingBox()).toMatchObject({ y: expect.closeTo(52, -2) });
    });

    it('the table is sorted by number or name, either way, and cells without a number come last', async () => {
      await page.goto(reportUrl);
      const column = async (name: string): Promise<string[]> => {
        const heads = await textsOf('#cell-table th');
        return page
          .locator(`#cell-table tbody td:nth-child(${heads.indexOf(name) + 1})`)
          .evaluateAll((cells: { dataset: { value?: string }; textContent: string }[]) =>
            cells.map(({ dataset, textContent }) => dataset.value ?? textContent),
          );
      };
      const press = (name: string) =>
        page.locator('#cell-table th button').getByText(name, { exact: true }).click();
      const numbersOf = (texts: readonly string[]) => texts.filter((text) => text !== '').map(Number);

      await press('effect d');
      const up = await column('effect d');
      expect(numbersOf(up)).toEqual(numbersOf(up).toSorted((a, b) => a - b));
      await press('effect d');
      expect(numbersOf(await column('effect d'))).toEqual(numbersOf(up).toReversed());
      await press('R');
      const residuals = await column('R');
      const filled = residuals.filter((text) => text !== '');
      expect(filled.length).toBeLessThan(residuals.length); // no effect, no R
      expect(residuals.slice(0, filled.length)).toEqual(filled);
      await press('attack');
      const attacks = await column('attack');
      // Names are compared with their numbers as numbers, 40 before 75.
      expect([...new Set(attacks)]).toEqual(['identity', 'jpeg(quality=40)', 'jpeg(quality=75)']);
    });

    it('the table is filtered by words and by verdict', async () => {
      await page.goto(reportUrl);
      const visible = () => page.locator('#cell-table tbody tr:visible');
      expect(await page.locator('#cell-count').innerText()).toBe('11 cells');
      await page.fill('#cell-filter', 'Ripple  jpeg');
      expect(await visible().count()).toBe(4);
      expect(await page.locator('#cell-count').innerText()).toBe('4 of 11 shown');
      await page.fill('#cell-filter', '');
      await page.selectOption('#cell-outcome', 'no effect');
      expect(await visible().count()).toBeGreaterThan(0);
      for (const row of await visible().all())
        expect(await row.getAttribute('data-outcome')).toBe('no effect');
    });

    it('the comparison has working tabs and table as well', async () => {
      await page.goto(comparisonUrl);
      await page.locator('.tabs button').nth(1).click();
      expect(await page.locator('.for-effect:visible').getAttribute('data-effect')).toBe('1');
      await page.fill('#cell-filter', 'ripple');
      expect(await page.locator('#cell-table tbody tr:visible').count()).toBe(6);
    });

    it('the report shows everything but the viewer without a script', async () => {
      const context = await browser.newContext({ javaScriptEnabled: false });
      const plain = await context.newPage();
      await plain.goto(reportUrl);
      expect(await plain.locator('.for-effect:visible').count()).toBe(2);
      expect(await plain.locator('#cell-table tbody tr:visible').count()).toBe(11);
      expect(await plain.locator('#gallery noscript').textContent()).toContain('JavaScript');
      await context.close();
    });
  });
