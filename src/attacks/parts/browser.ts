/** @file The headless browser that shows images: that of the machine, driven by playwright-core; one per process. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import type { EncodedImage, Size } from '../../image/image.ts';
import { browserFailed, browserMissing, playwrightMissing, reasonOf } from '../../messages/index.ts';

/** Idle time after which the browser is closed: while it runs, the process would not end by itself. */
const IDLE_MS = 1000;

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'msedge'];

const INSTALLED = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** No network, no screen profile, no graphics card: one browser gives the same pixels on every run. */
const FLAGS = [
  '--disable-gpu',
  '--force-color-profile=srgb',
  '--disable-lcd-text',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-extensions',
  '--no-first-run',
];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The path of a Chromium: CHROMIUM_PATH if it is set, else the first one found. @throws DEVICE if there is none */
export function findBrowser(environment: NodeJS.ProcessEnv = process.env): string {
  const { CHROMIUM_PATH: named, PATH = '' } = environment;
  const folders = PATH.split(delimiter).filter((folder) => folder !== '');
  const files = process.platform === 'win32' ? NAMES.map((name) => `${name}.exe`) : NAMES;
  const candidates = named
    ? [named]
    : [...files.flatMap((f) => folders.map((d) => join(d, f))), ...INSTALLED];
  const found = candidates.find(isExecutable);
  if (found === undefined) throw browserMissing(named, NAMES, folders);
  return found;
}

/** Name and version of the browser of this machine: `Chromium 156.0.7204.49`; undefined if there is none. */
export async function browserVersion(): Promise<string | undefined> {
  let path: string;
  try {
    path = findBrowser();
  } catch {
    return undefined; // reported, with a remedy, when an image is shown
  }
  const told = versions.get(path) ?? askVersion(path);
  versions.set(path, told);
  return told;
}

const versions = new Map<string, Promise<string | undefined>>();

/** On Windows browsers do not print their version, but give it when they run. */
async function askVersion(path: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)(path, ['--version']).catch(() => ({ stdout: '' }));
  const said = /^[\w .]*?\d+(\.\d+)+/.exec(stdout.trim())?.[0];
  return said ?? withBrowser(async (browser) => `Chromium ${browser.version()}`).catch(() => undefined);
}

let shared: Promise<Browser> | undefined;
let users = 0;
let closing: NodeJS.Timeout | undefined;

async function launch(): Promise<Browser> {
  const executablePath = findBrowser();
  const { chromium } = await import('playwright-core').catch((error) => {
    throw playwrightMissing(reasonOf(error));
  });
  const open = (chromiumSandbox: boolean): Promise<Browser> =>
    chromium.launch({ executablePath, args: FLAGS, chromiumSandbox });
  // Root cannot have the sandbox, and some containers forbid what it needs: then the browser runs without.
  const browser = await (process.getuid?.() === 0 ? open(false) : open(true).catch(() => open(false))).catch(
    (error: unknown) => {
      throw browserFailed(executablePath, reasonOf(error).split('\n')[0]!);
    },
  );
  browser.once('disconnected', forget);
  return browser;
}

async function withBrowser<T>(use: (browser: Browser) => Promise<T>): Promise<T> {
  clearTimeout(closing);
  users++;
  try {
    shared ??= launch();
    const browser = await shared;
    return await use(browser);
  } catch (error) {
    if (users === 1) await closeBrowser();
    throw error;
  } finally {
    if (--users === 0) closing = setTimeout(closeBrowser, IDLE_MS).unref();
  }
}

const forget = () => {
  shared = undefined;
};

async function closeBrowser(): Promise<void> {
  const browser = await shared?.catch(() => undefined);
  forget();
  await browser?.close();
}

/** How an image is shown and captured. */
export interface View {
  /** The size of the image on the page, in CSS px before zoom. */
  readonly shown: Size;
  /** The window, in CSS px. */
  readonly window: Size;
  readonly devicePixelRatio: number;
  /** The CSS property `zoom` of the page. */
  readonly zoom: number;
  /** JPEG at a quality, else PNG. */
  readonly jpegQuality?: number;
}

/** A capture of the window with a PNG file at its upper left corner, as the browser encodes it. */
export function capture(png: EncodedImage, view: View): Promise<Uint8Array> {
  return withBrowser(async (browser) => {
    const context = await browser.newContext({
      viewport: view.window,
      deviceScaleFactor: view.devicePixelRatio,
      javaScriptEnabled: false,
      offline: true,
    });
    try {
      const page = await context.newPage();
      await page.setContent(pageOf(png, view), { waitUntil: 'load' });
      const { jpegQuality } = view;
      return await page.screenshot(
        jpegQuality === undefined ? { type: 'png' } : { type: 'jpeg', quality: jpegQuality },
      );
    } finally {
      await context.close();
    }
  });
}

function pageOf({ bytes }: EncodedImage, { shown, zoom }: View): string {
  const source = `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
  return `<!doctype html><html style="zoom: ${zoom}"><body style="margin: 0; background: #fff">
<img decoding="sync" style="display: block; width: ${shown.width}px; height: ${shown.height}px" src="${source}">`;
}
