/** @file HTML from template literals: whatever is put in is escaped, unless it was made by `html` itself. */

/** A piece of HTML that is safe to put into a page. */
export interface Html {
  readonly html: string;
}

type Content = Html | string | number | undefined | false | readonly Content[];

/** ``html`<b>${text}</b>` ``: escapes strings, joins arrays, leaves out `undefined` and `false`. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { html: strings.map((piece, i) => piece + textOf(contents[i])).join('') };
}

function textOf(content: Content): string {
  if (content === undefined || content === false) return '';
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content));
  return 'html' in content ? content.html : content.map(textOf).join('');
}

/** HTML from a source that escapes by itself, such as the SVG of a chart. */
export const trusted = (text: string): Html => ({ html: text });

/** Data for scripts. No `<` is left in it, so that no content can close the element. */
export const jsonScript = (id: string, data: unknown): Html =>
  html`<script type="application/json" id="${id}">${trusted(JSON.stringify(data).replaceAll('<', '\\u003c'))}</script>
`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
