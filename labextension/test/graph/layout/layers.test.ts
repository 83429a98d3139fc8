import { describe, expect, it } from 'vitest';
import { layered } from '../../../src/graph/layout/layers';
import { crossings, positions } from '../../../src/graph/layout/order';
import { pipelineEdges } from '../generated';

describe('layers', () => {
  it('share the bends of edges that leave the same vertex', () => {
    const layers = layered(5, [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
      [0, 2]
    ]);
    expect(layers.rank.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(layers.trunks[0]).toHaveLength(2);
    expect(layers.rank).toHaveLength(5 + 2);
  });

  it('turn an edge round that closes a cycle', () => {
    const layers = layered(3, [
      [0, 1],
      [1, 2],
      [2, 0]
    ]);
    expect(layers.edges).toEqual([
      [0, 1],
      [0, 2],
      [1, 2]
    ]);
  });

  it('order ranks without crossings where there is such an order', () => {
    const layers = layered(6, [
      [0, 5],
      [1, 4],
      [2, 3]
    ]);
    expect(crossings(layers)).toBe(0);
  });

  it('exchange neighbours where that takes a crossing away', () => {
    // A step without successors beside the trunk of a long edge: sweeps alone leave them crossed.
    const layers = layered(5, [
      [0, 1],
      [1, 2],
      [1, 4],
      [2, 3],
      [0, 3]
    ]);
    expect(crossings(layers)).toBe(0);
  });

  it('count crossings', () => {
    const layers = layered(4, [
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3]
    ]);
    expect(crossings(layers)).toBe(1);
  });

  it.each([1, 2, 3, 4, 5])('never cross two trunks (%i)', seed => {
    const pairs = pipelineEdges(300, seed).map((edge): [number, number] => [
      Number(edge.from.slice(1)),
      Number(edge.to.slice(1))
    ]);
    const layers = layered(300, pairs);
    const place = positions(layers);
    for (const layer of layers.ranks) {
      const going = layer.filter(vertex => vertex >= 300 && layers.up[vertex][0] >= 300);
      const above = going.map(vertex => place[layers.up[vertex][0]]);
      expect(above).toEqual([...above].sort((a, b) => a - b));
    }
  });

  it('put pinned vertices before and after all others', () => {
    const layers = layered(
      4,
      [
        [0, 1],
        [2, 1],
        [1, 3]
      ],
      [undefined, undefined, 'first', 'last']
    );
    expect(layers.rank.slice(0, 4)).toEqual([1, 2, 0, 3]);
  });
});
