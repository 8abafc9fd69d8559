import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunFolder, MimicRun } from '../../src/run/run-folder.ts';
import { ballotOf, countVotes } from '../../src/report/ballot.ts';
import { votePage } from '../../src/report/page/vote-page.ts';
import { readVotes } from '../../src/report/votes-file.ts';
import { wilsonInterval } from '../../src/stats/rates.ts';
import { makeRun } from '../report-fixture.ts';
import { hasBrowser, openBrowser, redOf } from './browser.ts';

const prompts = ['a boat', 'a tree', 'a mill'];

/** A run with models of clean, noisy and misted images; each makes samples of a colour of its own. */
async function runWithModels(): Promise<RunFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'craquelure-vote-'));
  const run = await makeRun({ dir, attacks: [] });
  const modelOf = async (arm: MimicRun['arm'], protection: string | null, red: number): Promise<MimicRun> => {
    const pictures = await Promise.all(
      prompts.map(async (_, i) => {
        const path = join(dir, `${protection ?? 'clean'}-${i}.png`);
        const background = { r: red, g: 40 * i, b: 90 };
        await sharp({ create: { width: 24, height: 24, channels: 3, background } })
          .png()
          .toFile(path);
        return { sha256: `${red}-${i}`, path };
      }),
    );
    const rest = { attack: null, seed: 0, prompts, imagesPerPrompt: 1, losses: [], weights: null };
    return { metric: 'lora-mimicry', artist: 'Fixture', arm, protection, pictures, ...rest };
  };
  const generated = [
    await modelOf('clean', null, 10),
    await modelOf('protected', 'mist', 120),
    await modelOf('protected', 'grain', 240),
  ];
  return { ...run, generated };
}

if (!hasBrowser) it.skip('voting in a browser: no Chromium on PATH or in CHROMIUM_PATH');
else
  describe('the voting page in a browser', () => {
    let run: RunFolder;
    let html: string;
    let url: string;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      run = await runWithModels();
      html = (await votePage(run))!;
      const file = join(run.dir, 'vote.html');
      await writeFile(file, html);
      url = pathToFileURL(file).href;
      browser = await openBrowser();
    });
    afterAll(() => browser?.close());

    const progress = (): Promise<string | null> => page.textContent('#progress');
    const redness = (side: string): Promise<number> => redOf(page.locator(`#${side}`));

    it('takes both answers on every pair, keeps them over a reload, and saves what is counted right', async () => {
      page = await browser.newPage();
      const failures: string[] = [];
      page.on('pageerror', ({ message }) => failures.push(message));
      page.on('request', (request) => {
        if (!/^(file|data|blob):/.test(request.url())) failures.push(request.url());
      });
      await page.goto(url);
      expect(await progress()).toBe('Pair 1 of 6, 0 answered');

      // Style: whatever is reddest, which is never the model of clean pictures. Quality: always left, by the keyboard.
      for (let i = 0; i < 6; i++) {
        if (i === 3) {
          await page.reload();
          // The browser may still be writing what the page has stored.
          const kept = 'Pair 4 of 6, 3 answered';
          for (let again = 0; again < 20 && (await progress()) !== kept; again++) await page.reload();
          expect(await progress()).toBe(kept);
        }
        const redder = (await redness('left')) > (await redness('right')) ? 'left' : 'right';
        if (i % 2 === 0) await page.click(`[data-question=style][data-side=${redder}]`);
        else await page.keyboard.press(redder === 'left' ? 'ArrowLeft' : 'ArrowRight');
        expect(await page.getAttribute('[data-asks=quality]', 'aria-current')).toBe('true');
        await page.keyboard.press('ArrowLeft');
      }
      expect(await progress()).toMatch(/^Pair 6 of 6, 6 answered\. All pairs are answered/);

      // A change of mind: back to the first pair, and quality is right there.
      for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowUp');
      await page.click('[data-question=quality][data-side=right]');
      const waiting = page.waitForEvent('download');
      await page.click('#save');
      const download = await waiting;
      expect(download.suggestedFilename()).toBe('votes.json');
      const file = join(run.dir, 'votes.json');
      await download.saveAs(file);
      expect(failures).toEqual([]);

      const votes = await readVotes(file, run.manifest.run);
      expect(votes.votes).toHaveLength(12);
      const pairs = ballotOf(run);
      const rates = countVotes(pairs, [votes]);
      for (const trainedOn of ['mist', 'grain']) {
        const style = rates.find((rate) => rate.trainedOn === trainedOn && rate.question === 'style')!;
        expect(style).toMatchObject({ hits: 3, n: 3, rate: 1, interval: wilsonInterval(3, 3) });
      }
      const lefts = pairs.map(({ armIsLeft }, i) => (i === 0 ? !armIsLeft : armIsLeft));
      const quality = rates.filter(({ question }) => question === 'quality');
      expect(quality.reduce((sum, { hits }) => sum + hits, 0)).toBe(lefts.filter(Boolean).length);
    });

    it('says nowhere which side is whose', async () => {
      const shown = html.replaceAll(/"(left|right)":"[^"]*"/g, '').replaceAll(/"references":\{.*?\}/g, '');
      for (const hint of ['mist', 'grain', 'armIsLeft', 'clean', '.png', 'sha256']) {
        expect(shown).not.toContain(hint);
      }
      expect(await readFile(join(run.dir, 'vote.html'), 'utf8')).toBe((await votePage(run))!);
    });

    it('fits a narrow window', async () => {
      const narrow = await browser.newPage({ viewport: { width: 360, height: 740 } });
      await narrow.goto(url);
      const width = await narrow.locator('html').evaluate((html) => html.scrollWidth);
      expect(width).toBeLessThanOrEqual(360);
      await narrow.close();
    });
  });
