import type { Layout, Link, Placed } from '../../src/graph/layout/geometry';
import type { GraphData, GraphNode } from '../../src/graph/model';

/** Numbers from 0 to 1 that are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = (seed + 1) * 2654435761;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** Edges shaped as in pipelines: mostly from a few steps before, one to three into each step. */
export function pipelineEdges(count: number, seed: number): Link[] {
  const random = randomFrom(seed);
  const edges = new Map<string, Link>();
  for (let target = 1; target < count; target++) {
    for (let each = [1, 1, 2, 3][Math.floor(random() * 4)]; each > 0; each--) {
      const back = Math.floor(-Math.log(1 - random()) / 0.3);
      const edge = { from: `s${Math.max(0, target - 1 - back)}`, to: `s${target}` };
      edges.set(`${edge.from} ${edge.to}`, edge);
    }
  }
  return [...edges.values()];
}

/** Edges between any two steps, cycles and edges to themselves too. */
export function anyEdges(count: number, seed: number): Link[] {
  const random = randomFrom(seed);
  const step = (): string => `s${Math.floor(random() * count)}`;
  return Array.from({ length: Math.floor(random() * count * 2) }, () => ({ from: step(), to: step() }));
}

/** Boxes of one size; `groups` maps the number of a box to its group. */
export function boxesOf(count: number, groups: (index: number) => string = () => ''): Placed[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `s${index}`,
    width: 200,
    height: 52,
    group: groups(index)
  }));
}

/** A step with nothing special. */
export function node(name: string, more: Partial<GraphNode> = {}): GraphNode {
  return { name, title: '', state: '', group: '', subtitle: '', details: '', ...more };
}

/** A graph of `count` steps as pipelines are. */
export function pipeline(count: number, seed = 1): GraphData {
  return {
    name: 'generated',
    nodes: boxesOf(count).map(box => node(box.name)),
    edges: pipelineEdges(count, seed).map(edge => ({ ...edge, names: [`x_${edge.from}`] }))
  };
}

/** Everything of a layout as plain data. */
export function plain(layout: Layout): unknown {
  return { ...layout, boxes: [...layout.boxes], frames: [...layout.frames] };
}

/** CPU time of this process that some work takes, in milliseconds: the least of several rounds. */
export function cpuMilliseconds(work: () => void, rounds = 7): number {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}
