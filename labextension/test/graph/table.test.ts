import { fireEvent, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { GraphData } from '../../src/graph';
import { node } from './generated';
import { show } from './screen';

const DATA: GraphData = {
  name: 'iris',
  nodes: [
    node('load', { state: 'succeeded', subtitle: '1 s', outputs: ['report'] }),
    node('train', { title: 'Train it', state: 'running', items: { running: 1, succeeded: 1 } }),
    node('end')
  ],
  edges: [
    { from: 'load', to: 'train', names: ['X', 'y'] },
    { from: 'train', to: 'end', names: [] }
  ]
};

const rows = (root: HTMLElement): string[][] =>
  [...root.querySelectorAll('tbody tr')].map(row => [...row.children].map(cell => cell.textContent ?? ''));

describe('the table twin', () => {
  it('says the same as the graph', () => {
    const { root } = show(DATA, { view: 'table' });
    expect([...root.querySelectorAll('thead th')].map(cell => cell.textContent)).toEqual([
      'Step',
      'State',
      'After',
      'Inputs',
      'Outputs'
    ]);
    expect(rows(root)).toEqual([
      ['load', '✓succeeded, 1 s', '–', '–', 'report, X, y'],
      ['Train it', '▶running, 1 of 2 items', 'load', 'X, y', '–'],
      ['end', '–', 'Train it', '–', '–']
    ]);
  });

  it('takes the place of the graph by a button, and tells the owner', () => {
    const onView = vi.fn();
    const { root } = show(DATA, { onView });
    const table = root.querySelector<HTMLElement>('.jp-mlops-graph-table')!;
    expect(table.hidden).toBe(true);
    fireEvent.click(within(root).getByText('Table'));
    expect(onView).toHaveBeenLastCalledWith('table');
    expect(table.hidden).toBe(false);
    expect(root.querySelector<HTMLElement>('.jp-mlops-graph-scroll')!.hidden).toBe(true);
    fireEvent.click(within(root).getByText('Graph'));
    expect(onView).toHaveBeenLastCalledWith('graph');
    expect(table.hidden).toBe(true);
  });

  it('chooses with a click and opens with Enter or a double click', () => {
    const [onSelect, onActivate] = [vi.fn(), vi.fn()];
    const { root } = show(DATA, { view: 'table', onSelect, onActivate });
    const button = within(root).getByRole('button', { name: 'Train it' });
    fireEvent.click(button);
    expect(onSelect.mock.calls).toEqual([['train']]);
    expect(button.getAttribute('aria-pressed')).toBe('true');
    fireEvent.keyDown(button, { key: 'Enter' });
    fireEvent.doubleClick(button);
    expect(onActivate.mock.calls).toEqual([['train'], ['train']]);
  });

  it('keeps the rows of steps that stay, and their focus', () => {
    const { root, graph } = show(DATA, { view: 'table' });
    graph.focus('end');
    expect(document.activeElement?.textContent).toBe('end');
    const before = root.querySelector('tr[data-step=end]');
    graph.update({ ...DATA, nodes: [node('new'), ...DATA.nodes.slice(1)] });
    expect(rows(root).map(row => row[0])).toEqual(['new', 'Train it', 'end']);
    expect(root.querySelector('tr[data-step=end]')).toBe(before);
    expect(document.activeElement?.textContent).toBe('end');
  });
});
