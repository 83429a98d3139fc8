/** Which rows of a long list are in the page. Rows are counted from 0; `last` is one past the last. */
export interface RowWindow {
  first: number;
  last: number;
}

/** What is seen of a list, in pixels; `top` is how far it is scrolled. */
export interface Sight {
  top: number;
  height: number;
  rowHeight: number;
}

/** The rows that are seen, and `around` more above and below. Begins at a multiple of `step`, so that small scrolls keep it. */
export function windowOf(sight: Sight, total: number, around = 10, step = 5): RowWindow {
  const { top, height, rowHeight } = sight;
  const seenFirst = Math.floor(Math.max(top, 0) / rowHeight);
  const seenLast = Math.ceil((Math.max(top, 0) + height) / rowHeight);
  const first = Math.floor(Math.max(seenFirst - around, 0) / step) * step;
  const last = Math.ceil((seenLast + around) / step) * step;
  return { first: Math.min(first, total), last: Math.min(last, total) };
}

/** How far to scroll so that a row is seen whole; not at all if it is. */
export function scrollToShow(row: number, sight: Sight): number {
  const [top, bottom] = [row * sight.rowHeight, (row + 1) * sight.rowHeight];
  if (top < sight.top) {
    return top;
  }
  return bottom > sight.top + sight.height ? bottom - sight.height : sight.top;
}

/** The pages of `size` rows that hold a row of the window for which `has` is false, as numbers from 0. */
export function missingPages(window: RowWindow, size: number, has: (row: number) => boolean): number[] {
  const pages: number[] = [];
  for (let row = window.first; row < window.last; row++) {
    if (!has(row)) {
      const page = Math.floor(row / size);
      pages.push(page);
      row = (page + 1) * size - 1;
    }
  }
  return pages;
}
