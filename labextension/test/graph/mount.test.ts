import { fireEvent } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { GraphData } from '../../src/graph';
import { node } from './generated';
import { show } from './screen';

/** load -> left, right -> join -> end; left and right are the group `sides`. */
function diamond(states: Record<string, string> = {}): GraphData {
  const step = (name: string, group = ''): GraphData['nodes'][number] =>
    node(name, { group, state: states[name] ?? '' });
  return {
    name: 'diamond',
    nodes: [step('load'), step('left', 'sides'), step('right', 'sides'), step('join'), step('end')],
    edges: [
      { from: 'load', to: 'left', names: ['df'], details: 'df: DataFrame (10, 2), 1 KiB' },
      { from: 'load', to: 'right', names: ['df'] },
      { from: 'left', to: 'join', names: ['a', 'b'] },
      { from: 'right', to: 'join', names: ['c'] },
      { from: 'join', to: 'end', names: [] }
    ]
  };
}

describe('a mounted graph', () => {
  it('shows each step and each edge, with what tests and screen readers look for', () => {
    const { root, card } = show(diamond({ load: 'succeeded' }));
    expect(card('load').dataset['state']).toBe('succeeded');
    expect(card('load').getAttribute('aria-label')).toBe('load, succeeded');
    expect(card('load').getAttribute('role')).toBe('button');
    const edges = [...root.querySelectorAll<SVGElement>('[data-testid=mlops-edge]')];
    expect(edges.map(edge => `${edge.dataset['from']} ${edge.dataset['to']}`)).toEqual([
      'load left',
      'load right',
      'left join',
      'right join',
      'join end'
    ]);
    expect(root.querySelector('svg[role=group]')?.getAttribute('aria-label')).toBe(
      'diamond: 5 steps. Arrow keys move along the graph'
    );
  });

  it('names on the edges what flows', () => {
    const labels = [...show(diamond()).root.querySelectorAll('.jp-mlops-graph-label')];
    expect(labels.map(label => label.textContent)).toContain('a, b');
  });

  it('says how far a run is', () => {
    const { root } = show(
      diamond({ load: 'succeeded', left: 'cached', right: 'running', join: 'pending', end: 'pending' })
    );
    expect(root.querySelector('.jp-mlops-graph-summary')?.textContent).toBe('2 of 5 steps done');
  });

  it('sets text of notebooks as text', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const { root, steps } = show({
      name: evil,
      nodes: [
        node(evil, { subtitle: evil, details: evil, group: evil, badge: { text: evil, severity: 'error' } }),
        node('b')
      ],
      edges: [{ from: evil, to: 'b', names: [evil], details: evil }]
    });
    expect(steps()).toContain(evil);
    expect(root.querySelector('img')).toBeNull();
  });

  it('shows an empty graph', () => {
    const { root, graph } = show({ name: 'empty', nodes: [], edges: [] });
    expect(root.querySelector('.jp-mlops-graph-summary')?.textContent).toBe('0 steps');
    graph.focus('nothing');
    graph.select('nothing');
  });
});

describe('the keyboard', () => {
  it('has one stop for Tab and moves along edges, among siblings and to the ends', () => {
    const { root, press, focused, graph } = show(diamond());
    const stops = (): number => root.querySelectorAll('[data-testid=mlops-node][tabindex="0"]').length;
    expect(stops()).toBe(1);
    graph.focus('load');
    press('ArrowDown');
    const side = focused()!;
    expect(['left', 'right']).toContain(side);
    press(side === 'left' ? 'ArrowRight' : 'ArrowLeft');
    expect(focused()).toBe(side === 'left' ? 'right' : 'left');
    press('ArrowDown');
    expect(focused()).toBe('join');
    press('ArrowDown');
    expect(focused()).toBe('end');
    press('ArrowDown');
    expect(focused()).toBe('end');
    press('ArrowUp');
    expect(focused()).toBe('join');
    press('Home');
    expect(focused()).toBe('load');
    press('End');
    expect(focused()).toBe('end');
    expect(stops()).toBe(1);
  });

  it('turns with a graph that goes to the right', () => {
    const { press, focused, graph } = show(diamond(), { orientation: 'right' });
    graph.focus('join');
    press('ArrowRight');
    expect(focused()).toBe('end');
    press('ArrowLeft');
    expect(focused()).toBe('join');
  });

  it('jumps to the next step that begins with a letter', () => {
    const { press, focused, graph } = show(diamond());
    graph.focus('load');
    press('l');
    expect(focused()).toBe('left');
    press('L');
    expect(focused()).toBe('load');
    press('x');
    expect(focused()).toBe('load');
  });

  it('opens with Enter, chooses with Space, and takes the keys it answers from its host', () => {
    const [onActivate, onSelect, above] = [vi.fn(), vi.fn(), vi.fn()];
    const { press, host, graph } = show(diamond(), { onActivate, onSelect });
    host.addEventListener('keydown', above);
    graph.focus('join');
    expect(press('Enter')).toBe(false);
    expect(press(' ')).toBe(false);
    expect(onActivate.mock.calls).toEqual([['join']]);
    expect(onSelect.mock.calls).toEqual([['join']]);
    expect(above).not.toHaveBeenCalled();
    expect(press('l', { ctrlKey: true })).toBe(true);
    expect(press('F2')).toBe(true);
    expect(above).toHaveBeenCalledTimes(2);
  });

  it('asks for a menu with Shift F10, once even where the browser sends its own event too', () => {
    const onMenu = vi.fn();
    const { press, card, graph } = show(diamond(), { onMenu });
    graph.focus('join');
    press('F10', { shiftKey: true });
    fireEvent.contextMenu(card('join'));
    expect(onMenu).toHaveBeenCalledTimes(1);
    fireEvent.pointerDown(card('join'));
    fireEvent.contextMenu(card('join'), { clientX: 30, clientY: 40 });
    expect(onMenu).toHaveBeenLastCalledWith('join', { x: 30, y: 40 });
  });

  it('leaves the browser its menu where the owner has none', () => {
    const { card } = show(diamond());
    expect(fireEvent.contextMenu(card('join'))).toBe(true);
  });

  it('keeps a notebook from taking the keys where it is asked to', () => {
    expect(show(diamond(), { ownsKeys: true }).root.dataset['lmSuppressShortcuts']).toBe('true');
    expect(show(diamond()).root.dataset['lmSuppressShortcuts']).toBeUndefined();
  });
});

describe('choosing', () => {
  it('tells the owner, marks the card and lets its edges stand out', () => {
    const onSelect = vi.fn();
    const { root, card } = show(diamond(), { onSelect });
    fireEvent.click(card('join'));
    fireEvent.click(card('join'));
    expect(onSelect.mock.calls).toEqual([['join']]);
    expect(card('join').getAttribute('aria-pressed')).toBe('true');
    expect(card('load').getAttribute('aria-pressed')).toBe('false');
    expect(root.querySelectorAll('.jp-mlops-graph-edge.jp-mod-near')).toHaveLength(3);
  });

  it('ends with a click on the ground or Escape', () => {
    const onSelect = vi.fn();
    const { root, card, press, graph } = show(diamond(), { onSelect });
    fireEvent.click(card('join'));
    fireEvent.click(root.querySelector('svg[role=group]')!);
    expect(onSelect).toHaveBeenLastCalledWith(null);
    graph.select('load');
    graph.focus('load');
    expect(press('Escape')).toBe(false);
    expect(onSelect).toHaveBeenLastCalledWith(null);
    expect(press('Escape')).toBe(true);
  });

  it('by the owner tells the owner nothing', () => {
    const onSelect = vi.fn();
    const { graph, card } = show(diamond(), { onSelect });
    graph.select('end');
    expect(card('end').getAttribute('aria-pressed')).toBe('true');
    expect(card('end').getAttribute('tabindex')).toBe('0');
    expect(onSelect).not.toHaveBeenCalled();
  });

  it('twice opens', () => {
    const onActivate = vi.fn();
    const { card } = show(diamond(), { onActivate });
    fireEvent.doubleClick(card('left'));
    expect(onActivate).toHaveBeenCalledWith('left');
  });
});

describe('an update', () => {
  it('of states changes attributes and leaves elements, places, focus and choice', () => {
    const { graph, card, focused } = show(diamond({ join: 'pending' }));
    graph.select('left');
    graph.focus('join');
    const [element, place] = [card('join'), card('join').getAttribute('transform')];
    graph.update(diamond({ join: 'running' }));
    expect(card('join')).toBe(element);
    expect(element.dataset['state']).toBe('running');
    expect(element.getAttribute('transform')).toBe(place);
    expect(element.getAttribute('aria-label')).toBe('join, running');
    expect(focused()).toBe('join');
    expect(card('left').getAttribute('aria-pressed')).toBe('true');
  });

  it('announces states that changed', () => {
    const { graph, root } = show(diamond({ join: 'pending' }));
    graph.update(diamond({ join: 'failed' }));
    expect(root.querySelector('[aria-live=polite]')?.textContent).toBe('join, failed');
  });

  it('of the graph keeps the cards of steps that stay, and their focus', () => {
    const { graph, card, steps, focused } = show(diamond());
    graph.focus('join');
    const element = card('join');
    const { nodes, edges } = diamond();
    graph.update({
      name: 'diamond',
      nodes: [node('first'), ...nodes.filter(each => each.name !== 'end')],
      edges: [{ from: 'first', to: 'load', names: [] }, ...edges.slice(0, 4)]
    });
    expect(steps()).toEqual(['first', 'load', 'left', 'right', 'join']);
    expect(card('join')).toBe(element);
    expect(focused()).toBe('join');
  });

  it('that takes the focused step away leaves the focus in the graph', () => {
    const { graph, focused } = show(diamond());
    graph.focus('end');
    const { nodes, edges } = diamond();
    graph.update({ name: 'diamond', nodes: nodes.slice(0, 4), edges: edges.slice(0, 4) });
    expect(focused()).toBe('load');
  });
});

describe('a group', () => {
  const title = (root: HTMLElement): Element => root.querySelector('[data-group=sides]')!;

  it('has a frame with a button that closes it, and opens again from its card', () => {
    const onClosed = vi.fn();
    const { root, steps, card } = show(diamond({ left: 'succeeded', right: 'failed' }), { onClosed });
    expect(title(root).getAttribute('aria-expanded')).toBe('true');
    fireEvent.click(title(root));
    expect(steps()).toEqual(['load', 'group:sides', 'join', 'end']);
    expect(card('group:sides').getAttribute('aria-label')).toBe('sides, collapsed group, failed, 1 of 2 steps');
    expect(card('group:sides').getAttribute('aria-expanded')).toBe('false');
    expect(onClosed).toHaveBeenLastCalledWith(['sides']);
    fireEvent.click(card('group:sides'));
    expect(steps()).toHaveLength(5);
    expect(onClosed).toHaveBeenLastCalledWith([]);
  });

  it('closes and opens by keys, and keeps the focus', () => {
    const { press, focused, graph, root } = show(diamond());
    graph.focus('right');
    press('-');
    expect(focused()).toBe('group:sides');
    press('Enter');
    expect(focused()).toBe('left');
    fireEvent.keyDown(title(root), { key: 'Enter' });
    expect(root.querySelector('[data-step="group:sides"]')).not.toBeNull();
  });

  it('stays closed while the run goes on, and opens for a step that is to have the focus', () => {
    const { graph, steps, focused } = show(diamond(), { closed: ['sides'] });
    graph.update(diamond({ left: 'running' }));
    expect(steps()).toContain('group:sides');
    graph.focus('left');
    expect(focused()).toBe('left');
  });
});

describe('more about a thing', () => {
  const tip = (root: HTMLElement): HTMLElement => root.querySelector<HTMLElement>('[role=tooltip]')!;

  it('is shown for an edge under the pointer, with types and sizes', () => {
    vi.useFakeTimers();
    const { root } = show(diamond());
    fireEvent.pointerOver(root.querySelector('[data-from=load][data-to=left] path')!);
    expect(tip(root).hidden).toBe(true);
    vi.advanceTimersByTime(400);
    expect([...tip(root).children].map(line => line.textContent)).toEqual([
      'load → left',
      'df: DataFrame (10, 2), 1 KiB'
    ]);
    fireEvent.pointerLeave(root.querySelector('svg[role=group]')!);
    fireEvent.pointerEnter(tip(root));
    vi.advanceTimersByTime(400);
    expect(tip(root).hidden).toBe(false);
    fireEvent.pointerLeave(tip(root));
    vi.advanceTimersByTime(400);
    expect(tip(root).hidden).toBe(true);
    vi.useRealTimers();
  });

  it('is shown for a step that the keys lead to, with what flows in and out, until Escape', () => {
    const { root, press, graph, card } = show(diamond());
    graph.focus('load');
    press('ArrowDown');
    press('Home');
    expect(tip(root).textContent).toContain('to left: df: DataFrame (10, 2), 1 KiB');
    expect(card('load').getAttribute('aria-describedby')).toBe(tip(root).id);
    press('Escape');
    expect(tip(root).hidden).toBe(true);
    expect(card('load').hasAttribute('aria-describedby')).toBe(false);
  });

  it('goes when the keyboard leaves the graph', () => {
    vi.useFakeTimers();
    const { root, press, graph } = show(diamond());
    graph.focus('load');
    press('ArrowDown');
    vi.advanceTimersByTime(400);
    expect(tip(root).hidden).toBe(false);
    root.querySelector<HTMLElement>('[data-testid=mlops-graph-view]')!.focus();
    vi.advanceTimersByTime(400);
    expect(tip(root).hidden).toBe(true);
    vi.useRealTimers();
  });

  it('goes when the graph becomes another one', () => {
    const { root, press, graph } = show(diamond());
    graph.focus('load');
    press('ArrowDown');
    expect(tip(root).hidden).toBe(false);
    graph.update({ name: 'other', nodes: [], edges: [] });
    expect(tip(root).hidden).toBe(true);
  });
});

describe('the end', () => {
  it('removes everything and hears nothing any more', () => {
    const onSelect = vi.fn();
    const { host, card, graph, press, focused } = show(diamond(), { onSelect });
    const join = card('join');
    graph.focus('join');
    graph.dispose();
    expect(host.childElementCount).toBe(0);
    document.body.append(join.ownerSVGElement!);
    fireEvent.click(join);
    join.focus();
    press('ArrowDown');
    expect(focused()).toBe('join');
    expect(onSelect).not.toHaveBeenCalled();
  });
});
