/** @file Cells of CSV files that people open in a spreadsheet. */

/** A text that begins as formulas do (OWASP, CSV injection) is marked as text by an apostrophe: names come from anywhere. */
export const csvText = (cell: unknown): unknown =>
  typeof cell === 'string' && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
