/** @file Sentences and phrases of texts, for the test of their English. */

/** Phrases that hide the subject, and private words where the field has one. */
const PHRASES: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['"unless told"', /\bunless told\b/i],
  ['"several for several"', /\bseveral for several\b/i],
  ['"of these, at a time"', /\bof these, at a time\b/i],
  ['a description that starts with "of"', /\bdescribe(?:\(|: )\s*['"`]of /i],
  ['a sentence that starts with "Of"', /(?:^|[.:!?]\s|['"`(>])\s*(?:[-*#]\s+|\/\*\*\s+|\/\/\s+)*Of [a-z]/],
  ['"lesson"', /\blessons?\b/i],
  ['"teach"', /\b(?:teach(?:es|ing)?|taught)\b/i],
  ['"rehearse"', /\brehears\w*/i],
  ['"course"', /(?<!\bof )\bcourses?\b/i],
  ['"eyes"', /\beyes\b/i],
];

/** What a line says that it should not. */
export const phrasesIn = (line: string): string[] =>
  PHRASES.flatMap(([what, pattern]) => (pattern.test(line) ? [what] : []));

/** A page of Markdown line by line, without blocks of code, comments, addresses of links, and text in code. */
export const proseOf = (page: string): string =>
  page
    .replaceAll(/<!--.*?-->/gs, (text) => text.replaceAll(/[^\n]/g, ''))
    .replaceAll(/^( *)```.*?^\1```$/gms, (text) => text.replaceAll(/[^\n]/g, ''))
    .replaceAll(/^ {4}.*$/gm, '')
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/`[^`\n]*`/g, '`');

/**
 * The sentences of a page of Markdown, without headings and tables. Sources and protocols of the generated reference are
 * left out as well: a citation, or a definition to be cited, is no sentence.
 */
export function sentencesOf(page: string): string[] {
  const prose = proseOf(page)
    .replaceAll(/^\s*[|#].*$/gm, '\n')
    .replaceAll(/^- (?:Source|Protocol): .*$/gm, '\n')
    .replaceAll(/^\s*(?:[-*+]|\d+\.)\s+/gm, '\n\n');
  return prose
    .split(/\n\s*\n/)
    .flatMap((paragraph) => paragraph.replaceAll(/\s+/g, ' ').split(/(?<=[.!?:])[)"*_]*\s+(?=["'(*_A-Z\d`])/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
}

/** The words of a sentence; names in code and signs are none. */
export const wordsOf = (sentence: string): string[] =>
  sentence.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word));
