/** @file What the program prints: results on standard output, everything else on standard error. */
import { styleText } from 'node:util';

/** Results: may be piped into a file or another program. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** One JSON document, indented. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

/** Remarks. */
export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

type Style = Parameters<typeof styleText>[0];

/** Styled text if standard error is a terminal, plain text elsewhere and with NO_COLOR. */
export const styled = (style: Style, text: string): string =>
  process.stderr.isTTY && process.env.NO_COLOR === undefined ? styleText(style, text) : text;

/** Columns padded to their widest cell, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) => row.map(String));
  const widths = header.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const numeric = header.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

/** A table no wider than the terminal: the last column is cut to fit. */
export function tableWithin(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const last = header.length - 1;
  const others = header.slice(0, last).map((title, i) => widest(title, rows, i));
  const room = Math.max(MIN_COLUMN, terminalWidth() - others.reduce((sum, width) => sum + width + 2, 0));
  const cut = (cell: string): string =>
    cell.length <= room ? cell : `${cell.slice(0, room - 1).trimEnd()}…`;
  return table(
    header,
    rows.map((row) => row.map((cell, i) => (i === last ? cut(String(cell)) : cell))),
  );
}

/**
 * A table of texts no wider than the terminal. Columns before the last are at most `limits` wide; the last one takes the
 * rest. Longer cells continue on the next line.
 */
export function wrappedTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  limits: readonly number[],
): string {
  const widths = limits.map((limit, i) => Math.min(limit, widest(header[i]!, rows, i)));
  const rest = terminalWidth() - widths.reduce((sum, width) => sum + width + 2, 0);
  const all = [...widths, Math.max(MIN_COLUMN, rest)];
  const lines = rows.flatMap((row) => {
    const cells = row.map((cell, i) => linesOf(cell, all[i]!));
    const height = Math.max(...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, k) => cells.map((cell) => cell[k] ?? ''));
  });
  return table(header, lines);
}

const MIN_COLUMN = 20;

const widest = (title: string, rows: readonly (readonly (string | number)[])[], column: number): number =>
  Math.max(title.length, ...rows.map((row) => String(row[column] ?? '').length));

/** Columns of the terminal: at most 120, and 100 if the output is not a terminal. */
const terminalWidth = (): number => Math.max(40, Math.min(process.stdout.columns ?? 100, 120));

/** Text in indented lines that fit the terminal. */
export function wrapped(text: string, indent: number): string {
  return linesOf(text, terminalWidth() - indent)
    .map((line) => ' '.repeat(indent) + line)
    .join('\n');
}

function linesOf(text: string, width: number): readonly string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** A duration in words: `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A size in words: `310 kB`, `1.2 GB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
