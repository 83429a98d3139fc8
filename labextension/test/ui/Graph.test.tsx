import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render } from '@testing-library/react';
import * as React from 'react';
import { describe, expect, it, vi } from 'vitest';
import { Graph, type IGraphProps } from '../../src/ui/Graph';
import { node } from '../graph/generated';

const translation = nullTranslator.load('jupyter_mlops');
const data = (state = ''): IGraphProps['data'] => ({
  name: 'iris',
  nodes: [node('load', { state }), node('train')],
  edges: [{ from: 'load', to: 'train', names: ['df'] }]
});
const card = (host: Element, step: string): SVGElement =>
  host.querySelector<SVGElement>(`[data-testid=mlops-node][data-step=${step}]`)!;

describe('the graph component', () => {
  it('draws, brings new data into the same drawing, and removes it at the end', () => {
    const { container, rerender, unmount } = render(<Graph data={data('pending')} translation={translation} />);
    const before = card(container, 'load');
    rerender(<Graph data={data('running')} translation={translation} />);
    expect(card(container, 'load')).toBe(before);
    expect(before.dataset['state']).toBe('running');
    const root = container.querySelector('[data-testid=mlops-graph]')!;
    unmount();
    expect(root.isConnected).toBe(false);
  });

  it('calls the callbacks of the latest props', () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const { container, rerender } = render(<Graph data={data()} translation={translation} onSelect={first} />);
    rerender(<Graph data={data()} translation={translation} onSelect={second} />);
    fireEvent.click(card(container, 'train'));
    expect(first).not.toHaveBeenCalled();
    expect(second.mock.calls).toEqual([['train']]);
  });

  it('marks the chosen step and brings another to the focus once for each wish', () => {
    const wish = { name: 'train' };
    const props = { data: data(), translation, selected: 'load' };
    const { container, rerender } = render(<Graph {...props} focus={wish} />);
    expect(card(container, 'load').getAttribute('aria-pressed')).toBe('true');
    expect(document.activeElement).toBe(card(container, 'train'));
    card(container, 'load').focus();
    rerender(<Graph {...props} data={data('running')} focus={wish} />);
    expect(document.activeElement).toBe(card(container, 'load'));
  });

  it('speaks the language of the translation', () => {
    const upper = { ...translation, __: (text: string) => text.toUpperCase() };
    const { container } = render(<Graph data={data()} translation={upper} />);
    expect(container.textContent).toContain('TABLE');
  });
});
