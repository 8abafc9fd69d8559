/**
 * @file Text of an SVG turned into outlines, and measured, with one font that travels with the program.
 *
 * A rasteriser draws text with whatever fonts the machine has; a bare container has none, and its figures come out
 * without a word. With outlines a PNG is the same on every machine, byte for byte.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Font } from 'opentype.js';

/** Arimo in two weights. */
export interface Typeface {
  /** Advance width of a line, in pixels. */
  width(text: string, size: number, bold: boolean): number;
  /** The SVG with each `<text>` that Arimo can write as a `<path>`. */
  outline(svg: string): string;
}

/** Loads Arimo (SIL Open Font License) from its package. */
export async function loadTypeface(): Promise<Typeface> {
  const { default: opentype } = await import('opentype.js');
  const require = createRequire(import.meta.url);
  const load = async (path: string): Promise<Font> => {
    const file = await readFile(path);
    return opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  };
  const regular = await load(require.resolve('@fontsource/arimo/files/arimo-latin-400-normal.woff'));
  const bold = await load(require.resolve('@fontsource/arimo/files/arimo-latin-700-normal.woff'));
  const fontOf = (isBold: boolean): Font => (isBold ? bold : regular);
  return {
    width: (text, size, isBold) => fontOf(isBold).getAdvanceWidth(text, size),
    outline: (svg) =>
      svg.replace(TEXT_ELEMENT, (element, attributes: string, content = '') => {
        const font = fontOf(/font-weight="(bold|[6-9]00)"/.test(attributes));
        return outlineElement(font, attributes, content) ?? element;
      }),
  };
}

const TEXT_ELEMENT = /<text((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>(.*?)<\/text>)/gs;

/** One `<text>` of Vega's SVG: a line, or a `<tspan>` a line. Undefined if the font lacks a character. */
function outlineElement(font: Font, attributes: string, content: string): string | undefined {
  const size = Number(/font-size="([\d.]+)px"/.exec(attributes)?.[1] ?? 11);
  const anchor = /text-anchor="(\w+)"/.exec(attributes)?.[1] ?? 'start';
  const paths: string[] = [];
  let y = 0;
  for (const { text, dy } of linesOf(content)) {
    if ([...text].some((character) => font.charToGlyphIndex(character) === 0)) return undefined;
    y += dy;
    const width = font.getAdvanceWidth(text, size);
    const x = anchor === 'middle' ? -width / 2 : anchor === 'end' ? -width : 0;
    paths.push(font.getPath(text, x, y, size).toPathData(3));
  }
  const kept = attributes.replace(/\s(text-anchor|font-[a-z]+)="[^"]*"/g, '');
  return `<path${kept} d="${paths.join('')}"/>`;
}

function linesOf(content: string): { readonly text: string; readonly dy: number }[] {
  // An empty line is written `<tspan .../>`.
  const spans = [...content.matchAll(/<tspan((?:\s+[\w:-]+="[^"]*")*)\s*(?:\/>|>(.*?)<\/tspan>)/gs)];
  if (spans.length === 0) return [{ text: unescaped(content), dy: 0 }];
  return spans.map(([, attributes, text = '']) => ({
    text: unescaped(text),
    dy: Number(/dy="([-\d.]+)"/.exec(attributes!)?.[1] ?? 0),
  }));
}

const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
