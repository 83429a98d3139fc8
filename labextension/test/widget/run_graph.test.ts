import { fireEvent } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import widget, { type RunGraphModel, type RunGraphState } from '../../src/widget/run_graph';
import { node } from '../graph/generated';

/** Stands for anywidget's model. */
class Model implements RunGraphModel {
  saved = 0;
  readonly listeners = new Map<string, Set<() => void>>();

  constructor(private state: RunGraphState) {}

  get<Name extends keyof RunGraphState>(name: Name): RunGraphState[Name] {
    return this.state[name];
  }
  set<Name extends keyof RunGraphState>(name: Name, value: RunGraphState[Name]): void {
    this.state = { ...this.state, [name]: value };
  }
  save_changes(): void {
    this.saved++;
  }
  on(event: string, listener: () => void): void {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }
  off(event: string, listener: () => void): void {
    this.listeners.get(event)?.delete(listener);
  }
  /** What Python does: sets a trait. */
  receive<Name extends keyof RunGraphState>(name: Name, value: RunGraphState[Name]): void {
    this.set(name, value);
    this.listeners.get(`change:${name}`)?.forEach(listener => listener());
  }
}

const STATE: RunGraphState = {
  data: {
    name: 'iris',
    nodes: [node('load', { details: '2 cells' }), node('train')],
    edges: [{ from: 'load', to: 'train', names: ['df'] }]
  },
  changes: {},
  headline: { state: 'running', text: 'iris · running' },
  selected: ''
};

function render(state: Partial<RunGraphState> = {}) {
  const el = document.createElement('div');
  document.body.append(el);
  const model = new Model({ ...STATE, ...state });
  const end = widget.render({ model, el });
  const card = (step: string): SVGElement =>
    el.querySelector<SVGElement>(`[data-testid=mlops-node][data-step=${step}]`)!;
  const text = (part: string): string => el.querySelector(`.jp-mlops-run-graph-${part}`)?.textContent ?? '';
  return { el, model, end, card, text };
}

afterEach(() => document.body.replaceChildren());

describe('the run graph widget', () => {
  it('shows the graph with the states that came with it', () => {
    const { card, text } = render({ changes: { load: { state: 'succeeded', subtitle: 'succeeded, 1.2 s' } } });
    expect(card('load').getAttribute('aria-label')).toBe('load, succeeded, 1.2 s');
    expect(card('train').dataset['state']).toBe('');
    expect(text('headline')).toBe('▶iris · running');
  });

  it('follows the run', () => {
    const { card, model, text } = render();
    const element = card('train');
    model.receive('changes', { train: { state: 'running', subtitle: 'running, cell 1 of 3' } });
    model.receive('headline', { state: 'succeeded', text: 'iris · succeeded' });
    expect(card('train')).toBe(element);
    expect(element.getAttribute('aria-label')).toBe('train, running, cell 1 of 3');
    expect(text('headline')).toBe('✓iris · succeeded');
  });

  it('tells the kernel which step is chosen, and shows more about it', () => {
    const { card, model, text } = render({ changes: { load: { state: 'succeeded' } } });
    fireEvent.click(card('load'));
    expect(model.get('selected')).toBe('load');
    expect(model.saved).toBe(1);
    expect(text('details')).toBe('load: succeeded\n2 cells');
    model.receive('selected', 'train');
    expect(card('train').getAttribute('aria-pressed')).toBe('true');
    model.receive('selected', '');
    expect(text('details')).toBe('');
    expect(model.saved).toBe(1);
  });

  it('cleans up: no element and no listener is left', () => {
    const { el, model, end } = render();
    expect([...model.listeners.values()].every(listeners => listeners.size === 1)).toBe(true);
    end();
    expect(el.childElementCount).toBe(0);
    expect([...model.listeners.values()].every(listeners => listeners.size === 0)).toBe(true);
  });
});
