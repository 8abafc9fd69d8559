/** @file A figure of the page: the chart itself, what it shows, and its files. */
import type { Figure } from '../figures.ts';
import { type Html, html, trusted } from './html.ts';

export function figureOf({ name, svg }: Figure, caption: string): Html {
  const links = ['svg', 'png', 'vl.json'].map(
    (extension) => html` <a href="${`figures/${name}.${extension}`}">${extension}</a>`,
  );
  return html`<figure><div class="chart">${trusted(svg)}</div><figcaption>${caption}<span class="files">${links}</span></figcaption></figure>`;
}
