/** @file The table of all cells: sorted by a click on a head, filtered by words and by verdict. */

const table = document.querySelector<HTMLTableElement>('#cell-table')!;
const body = table.tBodies[0]!;
const rows = [...body.rows];
const heads = [...table.tHead!.rows[0]!.cells];

/** What a row is sorted by: a number if the cell holds one; undefined if it holds nothing. */
type Key = number | string | undefined;

function keyOf(row: HTMLTableRowElement, column: number): Key {
  const cell = row.cells[column]!;
  const text = cell.dataset.value ?? cell.textContent!.trim();
  if (text === '') return undefined;
  return Number.isNaN(Number(text)) ? text : Number(text);
}

/** Empty cells come last either way. */
function compare(a: Key, b: Key, descending: boolean): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return descending ? compareValues(b, a) : compareValues(a, b);
}

function compareValues(a: number | string, b: number | string): number {
  // Infinity less itself is not a number, so equal numbers are told first.
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

function sortBy(column: number): void {
  const head = heads[column]!;
  const descending = head.getAttribute('aria-sort') === 'ascending';
  for (const other of heads) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  const keyed = rows.map((row) => ({ row, key: keyOf(row, column) }));
  keyed.sort((a, b) => compare(a.key, b.key, descending));
  body.append(...keyed.map(({ row }) => row));
}

const filter = document.querySelector<HTMLInputElement>('#cell-filter')!;
const outcome = document.querySelector<HTMLSelectElement>('#cell-outcome')!;
const counter = document.querySelector('#cell-count')!;
const texts = rows.map((row) => row.textContent!.toLowerCase());

function applyFilter(): void {
  const words = filter.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  for (const [i, row] of rows.entries()) {
    const isWanted = outcome.value === '' || row.dataset.outcome === outcome.value;
    row.hidden = !(isWanted && words.every((word) => texts[i]!.includes(word)));
  }
  counter.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
}

for (const [column, head] of heads.entries()) {
  head.firstElementChild!.addEventListener('click', () => sortBy(column));
}
filter.addEventListener('input', applyFilter);
outcome.addEventListener('change', applyFilter);
