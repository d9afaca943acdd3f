// Tables for display: the same number of decimals within a column, numbers right-aligned.
import { type TableCell, type TableContent, tableRows } from './tables';
import { escapeText, printable, withMinus } from './theme';

/** The table as an HTML `<table>`, styled in place, since a saved notebook has no style sheet. */
export function tableHtml(table: TableContent, caption?: string): string {
  const { columns, rows, numeric } = formatted(table);
  const cell = (tag: 'td' | 'th', text: string, column: number) =>
    `<${tag} style="text-align:${numeric[column] ? 'right' : 'left'};padding:3px 12px">` +
    `${escapeText(text)}</${tag}>`;
  const line = (tag: 'td' | 'th', texts: readonly string[]) =>
    `<tr>${texts.map((text, column) => cell(tag, text, column)).join('')}</tr>`;
  return [
    '<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">',
    ...(caption === undefined
      ? []
      : [`<caption style="text-align:left;padding:3px 12px">${escapeText(caption)}</caption>`]),
    `<thead>${line('th', columns)}</thead>`,
    `<tbody>${rows.map((row) => line('td', row)).join('')}</tbody>`,
    '</table>',
  ].join('');
}

/**
 * The table in columns of plain text.
 *
 * @param options.width in characters; default: no limit. Columns that find no room are left out, and a last line counts them.
 * @param options.file for that line: where all columns are.
 */
export function tableText(
  table: TableContent,
  caption?: string,
  { width = Infinity, file }: { readonly width?: number; readonly file?: string } = {},
): string {
  const { columns, rows, numeric } = formatted(table);
  const lines = (count: number) =>
    alignColumns(
      columns.slice(0, count),
      rows.map((row) => row.slice(0, count)),
      (column) => numeric[column],
    );
  let count = columns.length;
  while (count > 1 && Math.max(...lines(count).map(({ length }) => length)) > width) count--;
  const more = columns.length - count;
  const rest = `${more} ${more === 1 ? 'column' : 'columns'} more${file === undefined ? '' : ` in ${file}`}`;
  const head = caption === undefined ? [] : [caption];
  return printable([...head, ...lines(count), ...(more > 0 ? [rest] : [])].join('\n'));
}

function formatted(table: TableContent): {
  columns: string[];
  rows: string[][];
  numeric: boolean[];
} {
  const cells = tableRows(table);
  const columns = table.columns.map((_, column) => cells.map((row) => row[column]));
  const formats = columns.map(columnFormat);
  return {
    columns: table.columns,
    rows: cells.map((row) => row.map((cell, column) => formats[column](cell))),
    numeric: columns.map((column) =>
      column.every((cell) => typeof cell !== 'string' || MEASURED.test(cell)),
    ),
  };
}

/** A number as text, with its deviation or without; or none. */
const MEASURED = /^(−?[\d.,]+( ± [\d.,]+)?|–)?$/;

/**
 * Counts whole, fractions with three digits behind the point, as `fractionText`, what is larger with fewer; more digits where a small
 * value of at most two digits, such as a learning rate of 0.00025, would lose them. Below 1e-6 a value is the error of
 * some addition.
 */
function columnFormat(column: readonly TableCell[]): (cell: TableCell) => string {
  const numbers = column.filter((cell) => typeof cell === 'number');
  const largest = Math.max(0, ...numbers.map(Math.abs));
  const whole = numbers.every(Number.isInteger);
  const usual = whole ? 0 : largest <= 1 ? 3 : largest < 100 ? 2 : largest < 1000 ? 1 : 0;
  const isShort = (value: number) => Number(value.toPrecision(2)) === value;
  const small = numbers
    .map(Math.abs)
    .filter((each) => each >= 1e-6 && each < 1e-3 && isShort(each));
  const digits = largest > 1 || small.length === 0 ? usual : digitsOf(Math.min(...small));
  return (cell) => {
    if (cell === null) return '–';
    if (typeof cell === 'string') return cell;
    const fractionDigits = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return withMinus(cell.toLocaleString('en', fractionDigits));
  };
}

/** The number of decimals that shows two significant digits. */
function digitsOf(small: number): number {
  return Math.ceil(-Math.log10(small)) + 1;
}

/** A table as lines of plain text: each column as wide as its widest cell, a rule below the header. */
export function alignColumns(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  isRight: (column: number) => boolean,
): string[] {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell[isRight(column) ? 'padStart' : 'padEnd'](widths[column]))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [line(header), rule, ...rows.map(line)];
}
