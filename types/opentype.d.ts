/**
 * The part of opentype.js that is used here. Its own type package asks for the whole library of the browser, which the
 * program must not see (webassembly.d.ts).
 */

export interface Font {
  /** 0 if the font lacks the character. */
  charToGlyphIndex(character: string): number;
  /** Width of a line in pixels. */
  getAdvanceWidth(text: string, size: number): number;
  getPath(text: string, x: number, y: number, size: number): { toPathData(decimals: number): string };
}

declare const opentype: {
  /** @throws Error if the bytes are no font */
  parse(bytes: ArrayBufferLike): Font;
};
// biome-ignore lint/style/noDefaultExport: the package has one
export default opentype;
