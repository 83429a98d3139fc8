import type { Layers } from './layers';

/** What moves as one: a box alone, or all bends of a trunk. Numbered; `of[vertex]` is a vertex's block. */
export interface Blocks {
  readonly of: readonly number[];
  /** The vertices of each block. */
  readonly members: readonly (readonly number[])[];
  /** For each block, the blocks right of it with the least distance between the centres; and the same leftwards. */
  readonly right: readonly (readonly Neighbour[])[];
  readonly left: readonly (readonly Neighbour[])[];
  /** The blocks from left to right, so that each comes after all that stand left of it. */
  readonly order: readonly number[];
}

/** A block beside another, and how far their centres must be apart. */
export interface Neighbour {
  readonly block: number;
  readonly apart: number;
}

/** Blocks of ranks whose trunks do not cross: then "left of" has no cycle. */
export function blocksOf(layers: Layers, apart: (left: number, right: number) => number): Blocks {
  const of = new Array<number>(layers.rank.length).fill(-1);
  const members: number[][] = [];
  const add = (vertices: number[]): void => {
    vertices.forEach(vertex => (of[vertex] = members.length));
    members.push(vertices);
  };
  for (let vertex = 0; vertex < layers.count; vertex++) {
    add([vertex]);
  }
  layers.trunks.filter(trunk => trunk.length > 0).forEach(trunk => add([...trunk]));
  const right: Neighbour[][] = members.map(() => []);
  const left: Neighbour[][] = members.map(() => []);
  for (const layer of layers.ranks) {
    for (let index = 0; index + 1 < layer.length; index++) {
      const [a, b] = [of[layer[index]], of[layer[index + 1]]];
      const distance = apart(layer[index], layer[index + 1]);
      right[a].push({ block: b, apart: distance });
      left[b].push({ block: a, apart: distance });
    }
  }
  return { of, members, right, left, order: fromLeft(left, right) };
}

/**
 * Positions near `wanted` that keep blocks apart: halfway between pushing all to the right and all to the left.
 *
 * Both keep the distances, and so does their mean.
 */
export function separated(blocks: Blocks, wanted: readonly number[]): number[] {
  const pushed = [...wanted];
  const pulled = [...wanted];
  const { order, left, right } = blocks;
  for (const block of order) {
    for (const other of left[block]) {
      pushed[block] = Math.max(pushed[block], pushed[other.block] + other.apart);
    }
  }
  for (let index = order.length - 1; index >= 0; index--) {
    for (const other of right[order[index]]) {
      pulled[order[index]] = Math.min(pulled[order[index]], pulled[other.block] - other.apart);
    }
  }
  return pushed.map((x, block) => (x + pulled[block]) / 2);
}

function fromLeft(left: readonly (readonly Neighbour[])[], right: readonly (readonly Neighbour[])[]): number[] {
  const missing = left.map(others => others.length);
  const order = missing.flatMap((count, block) => (count === 0 ? [block] : []));
  for (let head = 0; head < order.length; head++) {
    for (const other of right[order[head]]) {
      if (--missing[other.block] === 0) {
        order.push(other.block);
      }
    }
  }
  return order;
}
