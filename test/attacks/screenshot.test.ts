import { describe, expect, it } from 'vitest';
import { findBrowser } from '../../src/attacks/parts/browser.ts';
import { screenshot } from '../../src/attacks/display/screenshot.ts';
import { bindModels } from '../../src/experiment/bindings.ts';
import { jobKey } from '../../src/jobs/job.ts';
import { attackSettings } from '../../src/experiment/settings.ts';
import { fromBytes, type Image, toBytes } from '../../src/image/image.ts';
import { browserMissing, imageTooSmall, screenshotTooLarge } from '../../src/messages/index.ts';
import { seededRandom } from '../../src/random.ts';
import { randomImage } from '../pictures.ts';
import { jobStep } from '../../src/experiment/step.ts';

const shoot = async (image: Image, given: object): Promise<Uint8Array> =>
  toBytes(await screenshot.apply(image, screenshot.params.parse(given), { random: seededRandom(0) }));

const largest = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);

/** Soft colours with an edge: noise would show every rounding of the browser at once. */
const picture = (width: number, height: number): Image =>
  fromBytes(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % width;
      const y = Math.floor(i / 3 / width);
      return x > 2 * y ? 40 + 30 * (i % 3) : 128 + 100 * Math.sin(x / 5) * Math.cos(y / 7 + (i % 3));
    }),
  );

const browser = (() => {
  try {
    return findBrowser();
  } catch {
    return undefined;
  }
})();

describe('a simulated screenshot', () => {
  it('changes nothing at ratio 1 in PNG', async () => {
    const image = randomImage(31, 22);
    expect(await shoot(image, { ratio: 1 })).toEqual(toBytes(image));
    expect(await shoot(image, { ratio: 1, layout: 'fit-to-window' })).toEqual(toBytes(image));
  });

  it('changes the picture where it is scaled, does not fit, or is saved as JPEG', async () => {
    const image = randomImage(131, 122);
    for (const given of [
      { ratio: 1.25 },
      { ratio: 1, zoom: 0.8 },
      { ratio: 1, layout: 'fit-to-window', windowWidth: 100, windowHeight: 100 },
      { ratio: 1, format: 'jpeg' },
    ]) {
      expect(await shoot(image, given)).not.toEqual(toBytes(image));
    }
  });

  it('refuses a picture that would vanish, and one that no browser captures', async () => {
    const thin = randomImage(3, 50);
    await expect(shoot(thin, { ratio: 1, zoom: 0.1 })).rejects.toThrow(
      imageTooSmall('screenshot', thin, 'sides that stay 1 px or more'),
    );
    await expect(shoot(randomImage(1, 5000), { ratio: 4 })).rejects.toThrow(
      screenshotTooLarge({ width: 4, height: 20000 }, 16384),
    );
  });
});

it('a browser that CHROMIUM_PATH names and that is not there is an error that says what to do', () => {
  expect(() => findBrowser({ CHROMIUM_PATH: '/nowhere/chromium', PATH: '/usr/bin' })).toThrow(
    browserMissing('/nowhere/chromium', [], []),
  );
});

if (browser === undefined) it.skip('screenshots in a browser: no Chromium on PATH or in CHROMIUM_PATH');
else {
  describe('a screenshot in a browser', () => {
    it('is kept under the version of the browser that made it; a simulated one under none', async () => {
      const job = async (call: string) => {
        const [setting] = attackSettings(call);
        return jobStep((await bindModels([['attack', setting!]], {})).bind('attack', setting!).links[0]!);
      };
      const made = await job('screenshot(mode=browser)');
      expect(made.programs!.browser).toMatch(/^\S.* \d+\.\d+\.\d+/);
      const steps = [made];
      const key = (programs: Record<string, string>) =>
        jobKey({ stage: 'attack', steps: [{ ...made, programs }], seed: null, input: '' });
      expect(key(made.programs!)).toBe(jobKey({ stage: 'attack', steps, seed: null, input: '' }));
      expect(key({ browser: 'Chromium 1.0.0' })).not.toBe(key(made.programs!));
      expect((await job('screenshot')).programs).toBeUndefined();
    });

    it('changes nothing at ratio 1, native, in PNG, larger than the window or not, and keeps opacity', async () => {
      for (const [width, height] of [
        [37, 23],
        [1400, 30],
      ] as const) {
        const image = randomImage(width, height, { alpha: true });
        const params = screenshot.params.parse({ mode: 'browser', ratio: 1 });
        const shown = await screenshot.apply(image, params, { random: seededRandom(0) });
        expect(toBytes(shown)).toEqual(toBytes(image));
        expect(shown.alpha).toEqual(image.alpha);
      }
    });

    it.each([
      { ratio: 1.25 },
      { ratio: 1.5 },
      { ratio: 2 },
      { ratio: 1, zoom: 0.8 },
      { ratio: 1, zoom: 1.1 },
      { ratio: 1.5, layout: 'fit-to-window', windowWidth: 100, windowHeight: 100 },
    ])('is what the simulation of %o gives, within 3 grey levels', async (given) => {
      const image = picture(211, 157);
      const [real, simulated] = [
        await shoot(image, { ...given, mode: 'browser' }),
        await shoot(image, given),
      ];
      expect(largest(real, simulated)).toBeLessThanOrEqual(3);
      expect(largest(real, toBytes(image))).toBeGreaterThan(3);
    });
  });
}
