import { describe, expect, it } from 'vitest';
import { placeLabels } from '../../src/graph/labels';
import { type Orientation, overlap } from '../../src/graph/layout/geometry';
import { layOut } from '../../src/graph/layout/layout';
import { boxesOf, pipelineEdges } from './generated';

describe('labels', () => {
  it.each<Orientation>(['down', 'right'])('never cover a card or each other (%s)', orientation => {
    for (let seed = 0; seed < 12; seed++) {
      const edges = pipelineEdges(25, seed);
      const layout = layOut(boxesOf(25), edges, orientation);
      const labels = placeLabels(
        layout,
        edges.map(edge => `${edge.from}_value`),
        orientation
      );
      expect(labels.length).toBeGreaterThan(edges.length / 2);
      labels.forEach((label, index) => {
        expect([...layout.boxes.values()].some(box => overlap(box, label.box))).toBe(false);
        expect(labels.slice(index + 1).some(other => overlap(other.box, label.box))).toBe(false);
      });
    }
  });

  it('are for edges with a text only', () => {
    const layout = layOut(boxesOf(2), [{ from: 's0', to: 's1' }]);
    expect(placeLabels(layout, [''], 'down')).toEqual([]);
    expect(placeLabels(layout, ['x'], 'down')).toMatchObject([{ edge: 0, text: 'x' }]);
  });
});
