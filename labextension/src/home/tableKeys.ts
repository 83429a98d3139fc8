import { Selection } from './selection';

/** What of a key press counts. */
export interface KeyPress {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
}

interface Acts {
  open: (row: number) => void;
  /** Delete what is selected. */
  remove: () => void;
}

/**
 * What a key does in the table: arrows, Page Up and Down, Home and End move; with Shift they select; Space selects one,
 * Ctrl+A all; Enter opens, Delete deletes, Escape selects nothing. True if the key means something here.
 */
export function tableKey(press: KeyPress, selection: Selection, total: number, page: number, acts: Acts): boolean {
  const to = target(press.key, selection.active, total, page);
  if (total === 0) {
    return false;
  }
  if (to !== null) {
    if (press.shiftKey) {
      selection.extendTo(to);
    } else {
      selection.moveTo(to);
    }
    return true;
  }
  switch (press.key) {
    case ' ':
      selection.toggle(Math.max(selection.active, 0));
      return true;
    case 'a':
      if (press.ctrlKey || press.metaKey) {
        selection.all(total);
        return true;
      }
      return false;
    case 'Enter':
      acts.open(Math.max(selection.active, 0));
      return true;
    case 'Delete':
      acts.remove();
      return true;
    case 'Escape':
      selection.clear();
      return true;
    default:
      return false;
  }
}

function target(key: string, at: number, total: number, page: number): number | null {
  const moves: { [key: string]: number } = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: total - 1
  };
  return key in moves ? Math.min(Math.max(moves[key], 0), total - 1) : null;
}
