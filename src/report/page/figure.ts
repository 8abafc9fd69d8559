/** @file A figure of the page: the chart itself, what it shows, and its files. */
import { type Html, html, trusted } from './html.ts';

/** What a page shows of a rendered chart; its files lie in `figures/`. */
export interface PageFigure {
  readonly name: string;
  readonly svg: string;
}

export function figureOf({ name, svg }: PageFigure, caption: string): Html {
  const links = ['svg', 'png', 'vl.json'].map(
    (extension) => html` <a href="${`figures/${name}.${extension}`}">${extension}</a>`,
  );
  return html`<figure><div class="chart">${trusted(svg)}</div><figcaption class="numbered">${caption}<span class="files">${links}</span></figcaption></figure>`;
}
