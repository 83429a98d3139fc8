import { reduceCrossings } from './order';

/** Edges longer than `LONG` ranks are drawn directly once a drawing would have more bends than this. */
const MOST_BENDS = 12000;
const LONG = 6;

/** Where a vertex must stand: in a rank of its own kind before or after all others. */
export type Pin = 'first' | 'last' | undefined;

/**
 * The vertices of a graph in ranks, each below what it needs.
 *
 * Vertices are numbers; those from `count` on are bends of long edges. Edges from one vertex share their
 * bends (`trunks[source]`, one a rank passed), so that a value used by many later steps is one trunk with
 * branches. `up` and `down` are the neighbours in the ranks beside. All `edges` point down: those that closed
 * a cycle were turned round.
 */
export interface Layers {
  readonly count: number;
  readonly edges: readonly (readonly [number, number])[];
  readonly rank: number[];
  readonly ranks: number[][];
  readonly up: number[][];
  readonly down: number[][];
  readonly trunks: number[][];
}

/** Ranks `count` vertices and orders each rank. Edges from a vertex to itself and repeated ones do not count. */
export function layered(
  count: number,
  pairs: readonly (readonly [number, number])[],
  pins: readonly Pin[] = []
): Layers {
  const edges = downward(count, distinct(count, pairs));
  const rank = ranked(count, edges, pins);
  const layers: Layers = {
    count,
    edges,
    rank,
    ranks: [],
    up: lists(count),
    down: lists(count),
    trunks: lists(count)
  };
  addBends(layers);
  for (let vertex = 0; vertex < layers.rank.length; vertex++) {
    const level = layers.rank[vertex];
    while (layers.ranks.length <= level) {
      layers.ranks.push([]);
    }
    layers.ranks[level].push(vertex);
  }
  reduceCrossings(layers);
  return layers;
}

/** The rank of each vertex: one below the lowest that it needs. */
export function ranksOf(count: number, pairs: readonly (readonly [number, number])[]): number[] {
  return longestPaths(count, downward(count, distinct(count, pairs)));
}

function lists(count: number): number[][] {
  return Array.from({ length: count }, () => []);
}

function distinct(count: number, pairs: readonly (readonly [number, number])[]): [number, number][] {
  const keys = new Set<number>();
  for (const [a, b] of pairs) {
    if (a !== b) {
      keys.add(a * count + b);
    }
  }
  return [...keys].sort((a, b) => a - b).map(key => [Math.floor(key / count), key % count]);
}

/** The edges along an order that respects as many as it can, lower numbers first; the others turned round. */
function downward(count: number, edges: readonly (readonly [number, number])[]): [number, number][] {
  const place = topological(count, edges);
  const turned = edges.map(([a, b]): [number, number] => (place[a] < place[b] ? [a, b] : [b, a]));
  return distinct(count, turned);
}

/** The place of each vertex; where all that is left is on a cycle, the lowest number goes first. */
function topological(count: number, edges: readonly (readonly [number, number])[]): number[] {
  const below = lists(count);
  const missing = new Array<number>(count).fill(0);
  for (const [a, b] of edges) {
    below[a].push(b);
    missing[b]++;
  }
  const place = new Array<number>(count).fill(-1);
  const ready = missing.flatMap((left, vertex) => (left === 0 ? [vertex] : []));
  let next = 0;
  let scan = 0;
  for (let head = 0; next < count; head++) {
    if (head === ready.length) {
      while (place[scan] >= 0) {
        scan++;
      }
      ready.push(scan);
    }
    const vertex = ready[head];
    if (place[vertex] >= 0) {
      continue;
    }
    place[vertex] = next++;
    for (const target of below[vertex]) {
      if (--missing[target] === 0 && place[target] < 0) {
        ready.push(target);
      }
    }
  }
  return place;
}

/** The longest path from a first vertex; one that needs nothing stands right above what needs it. */
function ranked(count: number, edges: readonly (readonly [number, number])[], pins: readonly Pin[]): number[] {
  const free = edges.filter(([a, b]) => !pins[a] && !pins[b]);
  const rank = longestPaths(count, free);
  if (pins.some(pin => pin === 'first')) {
    rank.forEach((level, vertex) => (rank[vertex] = pins[vertex] === 'first' ? 0 : level + 1));
  }
  const lowest = rank.reduce((most, level, vertex) => (pins[vertex] ? most : Math.max(most, level)), 0);
  pins.forEach((pin, vertex) => {
    if (pin === 'last') {
      rank[vertex] = lowest + 1;
    }
  });
  return rank;
}

function longestPaths(count: number, edges: readonly (readonly [number, number])[]): number[] {
  const below = lists(count);
  const missing = new Array<number>(count).fill(0);
  for (const [a, b] of edges) {
    below[a].push(b);
    missing[b]++;
  }
  const rank = new Array<number>(count).fill(0);
  const firsts = missing.flatMap((left, vertex) => (left === 0 ? [vertex] : []));
  const ready = [...firsts];
  for (let head = 0; head < ready.length; head++) {
    for (const target of below[ready[head]]) {
      rank[target] = Math.max(rank[target], rank[ready[head]] + 1);
      if (--missing[target] === 0) {
        ready.push(target);
      }
    }
  }
  for (const vertex of firsts) {
    if (below[vertex].length) {
      rank[vertex] = below[vertex].reduce((least, target) => Math.min(least, rank[target]), Infinity) - 1;
    }
  }
  return rank;
}

function addBends(layers: Layers): void {
  const { rank, edges, count } = layers;
  const lowest = rank.slice(0, count);
  for (const [a, b] of edges) {
    lowest[a] = Math.max(lowest[a], rank[b]);
  }
  const total = lowest.reduce((sum, level, vertex) => sum + Math.max(level - rank[vertex] - 1, 0), 0);
  const longest = total > MOST_BENDS ? LONG : Infinity;
  for (const [a, b] of edges) {
    if (rank[b] - rank[a] <= longest) {
      link(layers, a, b);
    }
  }
}

function link(layers: Layers, source: number, target: number): void {
  const { rank, up, down, trunks } = layers;
  const trunk = trunks[source];
  let above = source;
  for (let level = rank[source] + 1; level < rank[target]; level++) {
    const index = level - rank[source] - 1;
    if (index === trunk.length) {
      trunk.push(rank.length);
      rank.push(level);
      up.push([above]);
      down.push([]);
      down[above].push(trunk[index]);
    }
    above = trunk[index];
  }
  up[target].push(above);
  down[above].push(target);
}
