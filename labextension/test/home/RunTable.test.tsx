import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { columnsOf, factsOf } from '../../src/home/columns';
import { RunRows } from '../../src/home/runRows';
import { Order } from '../../src/home/runsModel';
import { RunTable } from '../../src/home/RunTable';
import { Selection } from '../../src/home/selection';
import { runNumber, runsDown } from './fixtures';

const trans = nullTranslator.load('');
const calls = {
  onSort: vi.fn(),
  onShow: vi.fn(),
  onSelect: vi.fn(),
  onOpen: vi.fn(),
  onDelete: vi.fn(),
  onMenu: vi.fn()
};
let rows: RunRows;
let selection: Selection;

function Table(props: { order?: Order | null; addedAbove?: number; total?: number }): React.ReactElement {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  const known = rows.known;
  const columns = columnsOf(known, factsOf(known), {}, 8, trans);
  calls.onSelect.mockImplementation(redraw);
  const { order = null, addedAbove = 0 } = props;
  return (
    <RunTable
      {...{ rows, selection, columns, order, addedAbove, trans, ...calls }}
      list={1}
      loading={false}
      now={2000}
      label="Runs"
    />
  );
}

const grid = (): HTMLElement => screen.getByRole('grid');
const selected = (): string[] => [...selection.ids].map(id => String(Number(id.slice(-6)))).sort();
const rowAt = (row: number): HTMLElement => grid().querySelector<HTMLElement>(`[data-row="${row}"]`)!;

beforeEach(() => {
  vi.clearAllMocks();
  const runs = runsDown(200).map((run, index) => ({ ...run, params: { depth: index }, metrics: { acc: index } }));
  rows = new RunRows();
  rows.reset(runs, 10000);
  selection = new Selection(row => rows.at(row)?.run);
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, value: 28 * 11 });
});

describe('a table of 10 000 runs', () => {
  it('has only the rows in the page that are seen, and says how many there are', () => {
    render(<Table />);
    expect(grid().getAttribute('aria-rowcount')).toBe('10001');
    expect(grid().querySelectorAll('[data-row]').length).toBeLessThanOrEqual(25);
  });

  it('draws other rows when it is scrolled, and asks for them', () => {
    render(<Table />);
    grid().scrollTop = 28 * 5000;
    fireEvent.scroll(grid());
    expect(rowAt(5003).getAttribute('aria-busy')).toBe('true');
    expect(rowAt(0)).toBeNull();
    expect(calls.onShow).toHaveBeenLastCalledWith({ first: 4990, last: 5020 });
  });

  it('stays where it is when new runs come at the top', () => {
    const { rerender } = render(<Table />);
    grid().scrollTop = 2800;
    fireEvent.scroll(grid());
    rows.merge([runNumber(202), runNumber(201), ...rows.known.slice(0, 48)], true);
    rerender(<Table addedAbove={2} />);
    expect(grid().scrollTop).toBe(2856);
  });

  it('stays at the top when new runs come there: they are what one looks for', () => {
    const { rerender } = render(<Table />);
    rows.merge([runNumber(201), ...rows.known.slice(0, 49)], true);
    rerender(<Table addedAbove={1} />);
    expect(grid().scrollTop).toBe(0);
    expect(within(rowAt(0)).getByText('00000201')).toBeTruthy();
  });
});

describe('sorting by the keyboard', () => {
  it('is a press on the name of a column', async () => {
    render(<Table />);
    screen.getByRole('button', { name: 'acc' }).focus();
    await userEvent.keyboard('{Enter}');
    expect(calls.onSort.mock.calls[0][0]).toMatchObject({ id: 'metrics.acc', key: 'metrics."acc"' });
  });

  it('is told by aria-sort: without an order the newest are first', () => {
    const { rerender } = render(<Table />);
    const sorts = (): (string | null)[] =>
      screen.getAllByRole('columnheader').map(header => header.getAttribute('aria-sort'));
    expect(sorts().filter(sort => sort === 'descending').length).toBe(1);
    rerender(<Table order={{ column: 'metrics.acc', key: '', descending: false }} />);
    expect(sorts().filter(sort => sort && sort !== 'none')).toEqual(['ascending']);
  });
});

describe('selecting rows', () => {
  it('by the box selects one more, by a press on the row only that one', async () => {
    render(<Table />);
    await userEvent.click(within(rowAt(1)).getByRole('checkbox'));
    await userEvent.click(within(rowAt(3)).getByRole('checkbox'));
    expect(selected()).toEqual(['197', '199']);
    expect(rowAt(3).getAttribute('aria-selected')).toBe('true');
    await userEvent.click(rowAt(5));
    expect(selected()).toEqual(['195']);
  });

  it('by the box leaves the keys with the table', async () => {
    render(<Table />);
    await userEvent.click(within(rowAt(1)).getByRole('checkbox'));
    expect(document.activeElement).toBe(grid());
    await userEvent.keyboard('{ArrowDown} {Delete}');
    expect([selected(), calls.onDelete.mock.calls.length]).toEqual([['198', '199'], 1]);
  });

  it('with Shift selects the range from the last press', async () => {
    render(<Table />);
    const user = userEvent.setup();
    await user.click(rowAt(2));
    await user.keyboard('{Shift>}');
    await user.click(rowAt(5));
    await user.keyboard('{/Shift}');
    expect(selected()).toEqual(['195', '196', '197', '198']);
  });

  it('by keys goes on from the active row, which is named to screen readers', async () => {
    render(<Table />);
    selection.moveTo(0);
    grid().focus();
    await userEvent.keyboard('{ArrowDown}{Shift>}{ArrowDown}{ArrowDown}{/Shift}');
    expect(selected()).toEqual(['197', '198', '199']);
    expect(grid().getAttribute('aria-activedescendant')).toBe(rowAt(3).id);
  });

  it('of all takes those that are loaded, and once more none', async () => {
    render(<Table />);
    const all = screen.getByRole('checkbox', { name: /Select all/ });
    await userEvent.click(all);
    expect(selection.ids.size).toBe(200);
    await userEvent.click(all);
    expect(selection.ids.size).toBe(0);
  });
});

describe('a run', () => {
  it('is opened by Enter and by a double click', async () => {
    render(<Table />);
    await userEvent.dblClick(rowAt(2));
    grid().focus();
    await userEvent.keyboard('{ArrowDown}{Enter}');
    expect(calls.onOpen.mock.calls.map(([run]) => Number(run.slice(-6)))).toEqual([198, 197]);
  });

  it('has a menu, for which it is selected if it was not', () => {
    render(<Table />);
    selection.only(0);
    fireEvent.contextMenu(rowAt(4), { clientX: 10, clientY: 20 });
    expect([selected(), calls.onMenu.mock.calls]).toEqual([['196'], [[10, 20]]]);
  });

  it('shows text of a notebook as text', () => {
    rows.reset([runNumber(2, { pipeline: '<b>bold</b>' }), runNumber(1)], 2);
    render(<Table />);
    expect(screen.getByText('<b>bold</b>')).toBeTruthy();
  });
});
