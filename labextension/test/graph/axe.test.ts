import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import type { GraphData } from '../../src/graph';
import { node } from './generated';
import { show } from './screen';

const DATA: GraphData = {
  name: 'all kinds',
  nodes: [
    node('load', { state: 'succeeded', subtitle: '1 s' }),
    node('a', { state: 'running', group: 'g' }),
    node('b', { state: 'failed', group: 'g', badge: { text: '1', severity: 'error' } }),
    node('loop', { state: 'running', loop: 'k in [1, 2]', items: { running: 1, pending: 1 }, group: 'h' }),
    node('end', { state: 'pending', when: 'ok', exit: true })
  ],
  edges: [
    { from: 'load', to: 'a', names: ['x'] },
    { from: 'a', to: 'b', names: ['y'] },
    { from: 'b', to: 'loop', names: [] }
  ]
};

async function violations(element: Element): Promise<string[]> {
  // jsdom computes no colours; contrast is looked at in a browser.
  const found = await axe.run(element, { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } });
  return found.violations.map(each => `${each.id}: ${each.nodes.map(at => at.html).join(' ')}`);
}

describe('axe finds nothing wrong', { timeout: 60_000 }, () => {
  it('with the graph', async () => {
    const { root, graph, press } = show(DATA);
    graph.select('a');
    graph.focus('load');
    press('ArrowDown');
    expect(await violations(root)).toEqual([]);
  });

  it('with closed groups', async () => {
    expect(await violations(show(DATA, { closed: ['g', 'h'] }).root)).toEqual([]);
  });

  it('with the table', async () => {
    expect(await violations(show(DATA, { view: 'table' }).root)).toEqual([]);
  });
});
