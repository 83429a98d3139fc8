import { describe, expect, it } from 'vitest';
import { collapsed, collapsibleGroups, groupNode } from '../../src/graph/collapse';
import { type GraphData, flows } from '../../src/graph/model';
import { node } from './generated';

const DATA: GraphData = {
  name: 'p',
  nodes: [
    node('load', { state: 'succeeded' }),
    node('a', { group: 'g', state: 'succeeded', badge: { text: '2', severity: 'warning' } }),
    node('b', { group: 'g', state: 'failed', badge: { text: '1', severity: 'error' } }),
    node('end', { state: 'pending' })
  ],
  edges: [
    { from: 'load', to: 'a', names: ['x'], details: 'x: int' },
    { from: 'load', to: 'b', names: ['x', 'y'], details: 'x: int\ny: str' },
    { from: 'a', to: 'b', names: ['z'] },
    { from: 'b', to: 'end', names: ['w'] }
  ]
};

describe('a closed group', () => {
  const shown = collapsed(DATA, new Set(['g']));

  it('is one node that counts the states of its steps', () => {
    expect(shown.nodes.map(each => each.name)).toEqual(['load', groupNode('g'), 'end']);
    expect(shown.nodes[1]).toMatchObject({ title: 'g', state: 'failed', items: { succeeded: 1, failed: 1 } });
  });

  it('sums the badges of its steps and is as severe as the worst', () => {
    expect(shown.nodes[1].badge).toEqual({ text: '3', severity: 'error' });
  });

  it('has the edges of its steps, each name once and none within', () => {
    expect(shown.edges).toEqual([
      { from: 'load', to: groupNode('g'), names: ['x', 'y'], details: 'x: int\ny: str' },
      { from: groupNode('g'), to: 'end', names: ['w'] }
    ]);
  });

  it('leaves the graph as it is where nothing is closed or the group is unknown', () => {
    expect(collapsed(DATA, new Set())).toBe(DATA);
    expect(collapsed(DATA, new Set(['other']))).toBe(DATA);
  });

  it('is no choice for a group that would stand in a cycle', () => {
    const back = {
      ...DATA,
      edges: [...DATA.edges.slice(0, 2), { from: 'a', to: 'end', names: [] }, { from: 'end', to: 'b', names: [] }]
    };
    expect(collapsibleGroups(DATA)).toEqual(['g']);
    expect(collapsibleGroups(back)).toEqual([]);
    expect(collapsed(back, new Set(['g']))).toBe(back);
  });
});

describe('flows', () => {
  it('say what each step comes after, takes and gives', () => {
    const all = flows(DATA);
    expect(all.get('b')).toEqual({ after: ['load', 'a'], inputs: ['x', 'y', 'z'], outputs: ['w'] });
    expect(all.get('load')).toEqual({ after: [], inputs: [], outputs: ['x', 'y'] });
  });

  it('start with what the step itself names', () => {
    const data = { ...DATA, nodes: [node('load', { outputs: ['report', 'x'] }), ...DATA.nodes.slice(1)] };
    expect(flows(data).get('load')?.outputs).toEqual(['report', 'x', 'y']);
  });
});
