/** @file Pages of the report in a real browser. */
import { type Browser, chromium, type Locator } from 'playwright-core';
import sharp from 'sharp';
import { findBrowser } from '../../src/attacks/parts/browser.ts';

const executablePath = ((): string | undefined => {
  try {
    return findBrowser();
  } catch {
    return undefined;
  }
})();

export const hasBrowser = executablePath !== undefined;

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox', '--disable-gpu'] });

/** The red of an image as the page shows it, 0 to 255; a mean if the picture is not of one colour. */
export async function redOf(image: Locator): Promise<number> {
  await image.evaluate((element: { decode?(): Promise<void> }) => element.decode!());
  const { channels } = await sharp(await image.screenshot()).stats();
  return channels[0]!.mean;
}
