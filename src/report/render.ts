/** @file Vega-Lite specs as SVG and PNG, without a browser. */
import type { TopLevelSpec } from 'vega-lite';
import { loadTypeface } from './outline.ts';

/** A rendered chart. */
export interface Rendered {
  /** With text as text, to be edited or searched. */
  readonly svg: string;
  /** 3 pixels a point: about 290 dpi at the size at which it is laid out. */
  readonly png: Uint8Array;
}

/** Renders specs one after the other. */
export interface Renderer {
  /** @param name prefix of the ids within the SVG, so that several can stand in one page */
  render(name: string, spec: TopLevelSpec): Promise<Rendered>;
}

const SCALE = 3;

/** Loads Vega, sharp and the font. Whatever Vega or Vega-Lite has to say goes to `onWarning`. */
export async function createRenderer(onWarning: (message: string) => void): Promise<Renderer> {
  const [vega, { compile }, { default: sharp }, typeface] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('sharp'),
    loadTypeface(),
  ]);
  // Without a canvas Vega guesses 0.8 em a character, which pushes titles far from their axes.
  (vega as unknown as { textMetrics: TextMetrics }).textMetrics.width = (item, text) =>
    text === null || text === undefined
      ? 0
      : typeface.width(String(text), item.fontSize ?? 11, /^(bold|[6-9]00)$/.test(String(item.fontWeight)));
  const logger = loggerTo(onWarning);

  return {
    async render(name, spec) {
      vega.resetSVGDefIds(); // ids count up through the life of the process
      // Vega numbers the rows of the data it is given; the spec is to be written as it is.
      const runtime = vega.parse(compile(structuredClone(spec), { logger }).spec);
      const view = new vega.View(runtime, { renderer: 'none', logger });
      const svg = withPrefix(await view.toSVG(), name);
      view.finalize();
      const picture = sharp(Buffer.from(typeface.outline(svg)), { density: 72 * SCALE }).flatten({
        background: '#ffffff',
      });
      return { svg, png: await picture.png({ compressionLevel: 6 }).toBuffer() };
    },
  };
}

interface TextMetrics {
  width(item: { fontSize?: number; fontWeight?: string | number }, text: unknown): number;
}

const withPrefix = (svg: string, name: string): string =>
  svg.replace(/\bid="(\w+)"/g, `id="${name}-$1"`).replace(/url\(#(\w+)\)/g, `url(#${name}-$1)`);

function loggerTo(onWarning: (message: string) => void) {
  const say = (...messages: readonly unknown[]) => {
    onWarning(messages.join(' '));
    return logger;
  };
  const silent = () => logger;
  const logger = { level: levelOf, error: say, warn: say, info: silent, debug: silent };
  function levelOf(): number;
  function levelOf(level: number): typeof logger;
  function levelOf(level?: number): number | typeof logger {
    return level === undefined ? 2 : logger;
  }
  return logger;
}
