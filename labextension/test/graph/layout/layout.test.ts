import { describe, expect, it } from 'vitest';
import { type Layout, type Link, type Placed, type Point, overlap } from '../../../src/graph/layout/geometry';
import { layOut } from '../../../src/graph/layout/layout';
import { anyEdges, boxesOf, cpuMilliseconds, pipelineEdges, plain } from '../generated';

const SEEDS = Array.from({ length: 24 }, (_, seed) => seed);
const inTwoGroups = (index: number): string => ['', 'g', 'h'][index % 3];
const inStretches = (index: number): string => (Math.floor(index / 4) % 2 ? `g${Math.floor(index / 4)}` : '');

/** Pieces of a line that are not upright. */
function bends(points: readonly Point[]): number {
  return points.slice(1).filter(([x], index) => x !== points[index][0]).length;
}

function expectApart(layout: Layout): void {
  const boxes = [...layout.boxes];
  boxes.forEach(([name, box], index) => {
    expect(box.x, name).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width, name).toBeLessThanOrEqual(layout.width + 0.5);
    expect(box.y + box.height, name).toBeLessThanOrEqual(layout.height + 0.5);
    for (const [other, otherBox] of boxes.slice(index + 1)) {
      expect(overlap(box, otherBox), `${name} and ${other}`).toBe(false);
    }
  });
}

function expectJoined(layout: Layout, edges: readonly Link[]): void {
  edges.forEach((edge, index) => {
    const points = layout.lines[index];
    if (edge.from === edge.to) {
      expect(points).toEqual([]);
      return;
    }
    const [from, to] = [layout.boxes.get(edge.from)!, layout.boxes.get(edge.to)!];
    const ends = [points[0], points[points.length - 1]];
    const [upper, lower] = from.y < to.y ? [from, to] : [to, from];
    const [first, last] = from.y < to.y ? ends : [...ends].reverse();
    expect(first[1]).toBeCloseTo(upper.y + upper.height, 6);
    expect(last[1]).toBeCloseTo(lower.y, 6);
    expect(first[0]).toBeGreaterThanOrEqual(upper.x);
    expect(first[0]).toBeLessThanOrEqual(upper.x + upper.width);
    expect(last[0]).toBeGreaterThanOrEqual(lower.x);
    expect(last[0]).toBeLessThanOrEqual(lower.x + lower.width);
  });
}

/** The upright pieces of a line never lie on a box that is not one of its ends. */
function expectClear(layout: Layout, edges: readonly Link[]): void {
  edges.forEach((edge, index) => {
    const points = layout.lines[index];
    points.slice(1).forEach(([x, y], piece) => {
      const [x0, y0] = points[piece];
      if (x !== x0) {
        return;
      }
      for (const [name, box] of layout.boxes) {
        if (name !== edge.from && name !== edge.to) {
          const through = x > box.x && x < box.x + box.width && y0 < box.y + box.height && box.y < y;
          expect(through, `${edge.from} to ${edge.to} through ${name}`).toBe(false);
        }
      }
    });
  });
}

describe('the layout of generated pipelines', () => {
  it.each(SEEDS)('keeps boxes apart, lines down, joined, clear and with two bends at most (%i)', seed => {
    const count = 2 + ((seed * 7) % 60);
    const edges = pipelineEdges(count, seed);
    const layout = layOut(boxesOf(count), edges);
    expectApart(layout);
    expectJoined(layout, edges);
    expectClear(layout, edges);
    edges.forEach((edge, index) => {
      const points = layout.lines[index];
      expect(layout.boxes.get(edge.from)!.y).toBeLessThan(layout.boxes.get(edge.to)!.y);
      expect(points.slice(1).every(([, y], piece) => y >= points[piece][1])).toBe(true);
      expect(bends(points), `${edge.from} to ${edge.to}`).toBeLessThanOrEqual(2);
    });
  });

  it.each(SEEDS)('stands any graph, with cycles and groups that cannot have a frame (%i)', seed => {
    const count = 1 + ((seed * 5) % 25);
    const edges = anyEdges(count, seed);
    const boxes = boxesOf(count, inTwoGroups);
    const layout = layOut(boxes, edges);
    expect([...layout.boxes.keys()]).toEqual(boxes.map(box => box.name));
    expectApart(layout);
    expectJoined(layout, edges);
  });

  it.each(SEEDS)('keeps the members of a group in its frame and all others out of it (%i)', seed => {
    const count = 8 + ((seed * 3) % 40);
    const boxes = boxesOf(count, inStretches);
    const edges = pipelineEdges(count, seed);
    const layout = layOut(boxes, edges);
    expectApart(layout);
    expectJoined(layout, edges);
    expectClear(layout, edges);
    for (const [group, frame] of layout.frames) {
      for (const box of boxes) {
        const at = layout.boxes.get(box.name)!;
        const inside =
          at.x > frame.x &&
          at.y > frame.y &&
          at.x + at.width < frame.x + frame.width &&
          at.y + at.height < frame.y + frame.height;
        expect(box.group === group ? inside : !overlap(at, frame), `${box.name} and ${group}`).toBe(true);
      }
    }
  });

  it('is the same each time', () => {
    const [boxes, edges] = [boxesOf(60, inStretches), pipelineEdges(60, 3)];
    expect(plain(layOut(boxes, edges))).toEqual(plain(layOut(boxes, edges)));
  });

  it('goes to the right when asked, with the same properties', () => {
    const edges = pipelineEdges(30, 5);
    const layout = layOut(boxesOf(30), edges, 'right');
    expectApart(layout);
    edges.forEach(edge => {
      const [from, to] = [layout.boxes.get(edge.from)!, layout.boxes.get(edge.to)!];
      expect(from.x + from.width).toBeLessThan(to.x);
    });
    expect(layout.boxes.get('s0')).toMatchObject({ width: 200, height: 52 });
  });
});

describe('the layout of small graphs', () => {
  const boxes = (...names: string[]): Placed[] => names.map(name => ({ name, width: 200, height: 52 }));
  const edge = (from: string, to: string): Link => ({ from, to });
  const centre = (layout: Layout, name: string): number =>
    layout.boxes.get(name)!.x + layout.boxes.get(name)!.width / 2;

  it('of nothing has no size', () => {
    expect(layOut([], [])).toMatchObject({ width: 0, height: 0, lines: [] });
  });

  it('puts a chain into one column, with an edge past it at the side', () => {
    const layout = layOut(boxes('a', 'b', 'c', 'd'), [edge('a', 'b'), edge('b', 'c'), edge('c', 'd'), edge('a', 'd')]);
    expect(new Set(['a', 'b', 'c', 'd'].map(name => centre(layout, name))).size).toBe(1);
    expect(layout.lines.slice(0, 3).map(bends)).toEqual([0, 0, 0]);
    expect(bends(layout.lines[3])).toBe(2);
  });

  it('stands a step that is needed late right above what needs it', () => {
    const layout = layOut(boxes('a', 'b', 'c', 'late'), [edge('a', 'b'), edge('b', 'c'), edge('late', 'c')]);
    expect(layout.boxes.get('late')!.y).toBe(layout.boxes.get('b')!.y);
  });

  it('stands steps that run at the end below all others without lines to them', () => {
    const given = [{ name: 'bye', width: 200, height: 52, last: true }, ...boxes('a', 'b', 'c')];
    const layout = layOut(given, [edge('a', 'b')]);
    const bye = layout.boxes.get('bye')!;
    expect(['a', 'b', 'c'].every(name => layout.boxes.get(name)!.y < bye.y)).toBe(true);
    expect(layout.lines).toHaveLength(1);
  });

  it('stands them below a group too that ends the others', () => {
    const grouped = boxes('a', 'b').map(box => ({ ...box, group: 'g' }));
    const layout = layOut([...grouped, { name: 'bye', width: 200, height: 52, last: true }], [edge('a', 'b')]);
    expect(layout.boxes.get('bye')!.y).toBeGreaterThan(layout.frames.get('g')!.y + layout.frames.get('g')!.height);
  });

  it('gives each edge that enters a box its own place', () => {
    const sources = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const layout = layOut(
      boxes(...sources, 'end'),
      sources.map(name => edge(name, 'end'))
    );
    const places = layout.lines.map(points => points[points.length - 1][0]);
    expect(new Set(places).size).toBe(sources.length);
  });

  it('leaves out edges whose ends are not there', () => {
    expect(layOut(boxes('a'), [edge('a', 'gone'), edge('a', 'a')]).lines).toEqual([[], []]);
  });

  it('has no frame for a group that an outer step both needs and feeds', () => {
    const given = ['a', 'b', 'c'].map(name => ({ name, width: 200, height: 52, group: name === 'b' ? '' : 'g' }));
    const layout = layOut(given, [edge('a', 'b'), edge('b', 'c')]);
    expect(layout.frames.size).toBe(0);
    expectApart(layout);
  });
});

describe('the time of the layout', { timeout: 60_000 }, () => {
  // Promised are 50 ms for 500 steps; a busy machine with cold code may take several times as long.
  it('is short for 500 steps and for 2000', () => {
    const time = (count: number): number => {
      const [boxes, edges] = [boxesOf(count), pipelineEdges(count, 4)];
      return cpuMilliseconds(() => layOut(boxes, edges), 4);
    };
    expect(time(500)).toBeLessThan(400);
    expect(time(2000)).toBeLessThan(1600);
  });
});
