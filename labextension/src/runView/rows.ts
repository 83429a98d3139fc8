import { plainText } from './ansi';
import { shownLine } from './logBuffer';

/** Rows `first` to `last` (without it) of a list, of which only these are drawn. */
export interface Shown {
  first: number;
  last: number;
}

const SPARE_ROWS = 12;

/** Which rows of equal height can be seen, with some to spare at both ends. */
export function shownRows(top: number, height: number, rowHeight: number, count: number): Shown {
  const first = Math.max(0, Math.min(count, Math.floor(top / rowHeight)) - SPARE_ROWS);
  const last = Math.min(count, Math.ceil((top + height) / rowHeight) + SPARE_ROWS);
  return { first, last: Math.max(first, last) };
}

/** Where each line begins, in rows, when lines are wrapped to `columns`; the last entry is the count of all rows. */
export function wrappedRows(lines: readonly string[], columns: number): Float64Array {
  const tops = new Float64Array(lines.length + 1);
  for (let index = 0; index < lines.length; index += 1) {
    const rows = columns === Infinity ? 1 : Math.ceil(widthOf(lines[index]) / columns);
    tops[index + 1] = tops[index] + Math.max(1, rows);
  }
  return tops;
}

/** The line at a row: the last one that begins at or before it. */
export function lineAt(tops: Float64Array, row: number): number {
  let low = 0;
  let high = tops.length - 2;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (tops[middle] <= row) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return Math.max(0, low);
}

/** Columns that a line takes: wide characters take two, tabs go to the next eighth. */
function widthOf(line: string): number {
  const text = plainText(shownLine(line));
  // Most lines are plain: they need no look at each character.
  if (!/[\t\u1100-\uffff]/.test(text)) {
    return text.length;
  }
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    width += character === '\t' ? 8 - (width % 8) : code >= 0x1100 ? 2 : 1;
  }
  return width;
}
