import * as React from 'react';
import { Shown, shownRows } from './rows';

/** Lists that are longer draw only what can be seen. */
const MOST_DRAWN = 200;

/** Which rows of a scrolled list are drawn; the list's box gets `onScroll` and the ref. */
export function useRows(
  host: React.RefObject<HTMLElement>,
  rowHeight: number,
  count: number
): Shown & { onScroll: () => void } {
  const [view, setView] = React.useState({ top: 0, height: 800 });
  const onScroll = (): void => {
    const box = host.current;
    if (box && count > MOST_DRAWN) {
      setView({ top: box.scrollTop, height: box.clientHeight || 800 });
    }
  };
  const shown = count > MOST_DRAWN ? shownRows(view.top, view.height, rowHeight, count) : { first: 0, last: count };
  return { ...shown, onScroll };
}

/** Arrow keys, Home and End in a list whose selected row is `index`; null for other keys. */
export function rowAfter(key: string, index: number, count: number): number | null {
  const moves: { [key: string]: number } = {
    ArrowDown: Math.min(count - 1, index + 1),
    ArrowUp: Math.max(0, index - 1),
    Home: 0,
    End: count - 1
  };
  return count > 0 ? (moves[key] ?? null) : null;
}

/** Brings the row of what is selected into view when it becomes another one, and not when rows come and go. */
export function useReveal(
  host: React.RefObject<HTMLElement>,
  selected: string | null,
  index: number,
  rowHeight: number,
  above = 0
): void {
  const latest = React.useRef({ index, above });
  latest.current = { index, above };
  React.useLayoutEffect(() => {
    if (selected !== null) {
      reveal(host.current, latest.current.index, rowHeight, latest.current.above);
    }
  }, [host, selected, rowHeight]);
}

/** Scrolls a box so that a row is in view, also one that is not drawn yet. */
function reveal(box: HTMLElement | null, index: number, rowHeight: number, above: number): void {
  if (!box || index < 0) {
    return;
  }
  const top = above + index * rowHeight;
  if (top < box.scrollTop + above) {
    box.scrollTop = top - above;
  } else if (top + rowHeight > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + rowHeight - box.clientHeight;
  }
}
