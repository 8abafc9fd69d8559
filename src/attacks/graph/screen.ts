/** @file An image as a browser draws it: matrices along rows and columns, truncated after each step. */
import type { Size } from '../../image/image.ts';
import { type Drawn, type LineStep, stepsOf } from '../../image/screen.ts';
import { type GraphPicture, type GraphScope, truncated } from '../../plugin/transformation.ts';
import { alongColumns, alongRows, type Matrix, matrix } from './separable.ts';

/** The output of `shownByBrowser`. */
export function shownGraph(scope: GraphScope, picture: GraphPicture, drawn: Drawn): GraphPicture {
  let { value } = picture;
  let size: Size = picture;
  for (const { columns, rows } of stepsOf(picture, drawn)) {
    const wide = alongRows(scope, value, matrixOf(columns, size.width));
    value = truncated(scope.g, alongColumns(scope, wide, matrixOf(rows, size.height)));
    size = { width: columns.length, height: rows.length };
  }
  return { value, ...size };
}

const matrixOf = (step: LineStep, n: number): Matrix =>
  matrix(step.length, n, (row, i) => {
    for (const [at, weight] of step[i]!) row[at]! += weight;
  });
