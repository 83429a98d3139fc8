import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Selection } from '../../src/home/selection';
import { KeyPress, tableKey } from '../../src/home/tableKeys';

let selection: Selection;
let names: (string | undefined)[];
const acts = { open: vi.fn(), remove: vi.fn() };
const press = (key: string, more: Partial<KeyPress> = {}): boolean =>
  tableKey({ key, shiftKey: false, ctrlKey: false, metaKey: false, ...more }, selection, names.length, 5, acts);

beforeEach(() => {
  names = ['a', 'b', 'c', undefined, 'e', 'f', 'g', 'h', 'i', 'j'];
  selection = new Selection(row => names[row]);
  vi.clearAllMocks();
});

describe('selected rows', () => {
  it('are a range from the row that was pressed last; rows that are not here yet are left out', () => {
    selection.only(1);
    selection.extendTo(4);
    expect([...selection.ids]).toEqual(['b', 'c', 'e']);
  });

  it('are extended upwards as well', () => {
    selection.only(2);
    selection.extendTo(0);
    expect([...selection.ids].sort()).toEqual(['a', 'b', 'c']);
  });

  it('stay when new rows come at the top, and the range goes on from where it was', () => {
    selection.only(1);
    names.unshift('new');
    selection.shift(1);
    selection.extendTo(3);
    expect([selection.active, [...selection.ids].sort()]).toEqual([3, ['b', 'c']]);
  });

  it('lose a run that is deleted', () => {
    selection.only(1);
    selection.forget('b');
    expect(selection.ids.size).toBe(0);
  });
});

describe('keys', () => {
  it('move without leaving the list', () => {
    selection.moveTo(0);
    press('ArrowUp');
    expect(selection.active).toBe(0);
    press('PageDown');
    expect(selection.active).toBe(5);
    press('End');
    press('ArrowDown');
    expect(selection.active).toBe(9);
    press('Home');
    expect(selection.active).toBe(0);
  });

  it('select: Space one, Shift and an arrow more, Ctrl+A all, Escape none', () => {
    selection.moveTo(0);
    press(' ');
    press('ArrowDown', { shiftKey: true });
    expect([...selection.ids]).toEqual(['a', 'b']);
    press('a', { ctrlKey: true });
    expect(selection.ids.size).toBe(9);
    press('Escape');
    expect(selection.ids.size).toBe(0);
  });

  it('open with Enter and delete with Delete', () => {
    selection.moveTo(4);
    press('Enter');
    press('Delete');
    expect([acts.open.mock.calls, acts.remove.mock.calls.length]).toEqual([[[4]], 1]);
  });

  it('that mean nothing here are left to others', () => {
    expect([press('a'), press('x'), press('Tab')]).toEqual([false, false, false]);
  });

  it('mean nothing in an empty list', () => {
    names = [];
    expect([press('ArrowDown'), press('Enter')]).toEqual([false, false]);
  });
});
