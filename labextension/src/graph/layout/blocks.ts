import type { Layers } from './layers';

/** What moves as one: a box alone, or all bends of a trunk. Numbered; `of[vertex]` is a vertex's block. */
export interface Blocks {
  readonly of: Int32Array;
  /** The vertices of each block. */
  readonly members: readonly (readonly number[])[];
  readonly left: Beside;
  readonly right: Beside;
  /** The blocks from left to right: each comes after all that stand left of it. */
  readonly order: Int32Array;
}

/** For block b, the blocks to one side of it are `block[i]`, `apart[i]` away at least, for i from `start[b]` to `start[b + 1]`. */
export interface Beside {
  readonly start: Int32Array;
  readonly block: Int32Array;
  readonly apart: Float64Array;
}

interface Pair {
  readonly left: number;
  readonly right: number;
  readonly apart: number;
}

/** Blocks of ranks whose trunks do not cross: then "left of" has no cycle. */
export function blocksOf(layers: Layers, apart: (left: number, right: number) => number): Blocks {
  const of = new Int32Array(layers.rank.length);
  const members: number[][] = [];
  const add = (vertices: number[]): void => {
    vertices.forEach(vertex => (of[vertex] = members.length));
    members.push(vertices);
  };
  for (let vertex = 0; vertex < layers.count; vertex++) {
    add([vertex]);
  }
  layers.trunks.filter(trunk => trunk.length > 0).forEach(trunk => add([...trunk]));
  const pairs: Pair[] = [];
  for (const layer of layers.ranks) {
    for (let index = 0; index + 1 < layer.length; index++) {
      const [a, b] = [layer[index], layer[index + 1]];
      pairs.push({ left: of[a], right: of[b], apart: apart(a, b) });
    }
  }
  const left = beside(members.length, pairs, 'right', 'left');
  const right = beside(members.length, pairs, 'left', 'right');
  return { of, members, left, right, order: fromLeft(left, right) };
}

/**
 * Positions near `wanted` that keep blocks apart: halfway between pushing all to the right and all to the left.
 *
 * Both keep the distances, and so does their mean.
 */
export function separated(blocks: Blocks, wanted: Float64Array): Float64Array {
  const { order, left, right } = blocks;
  const pushed = Float64Array.from(wanted);
  const pulled = Float64Array.from(wanted);
  for (let index = 0; index < order.length; index++) {
    const block = order[index];
    for (let at = left.start[block]; at < left.start[block + 1]; at++) {
      pushed[block] = Math.max(pushed[block], pushed[left.block[at]] + left.apart[at]);
    }
  }
  for (let index = order.length - 1; index >= 0; index--) {
    const block = order[index];
    for (let at = right.start[block]; at < right.start[block + 1]; at++) {
      pulled[block] = Math.min(pulled[block], pulled[right.block[at]] - right.apart[at]);
    }
  }
  for (let block = 0; block < pushed.length; block++) {
    pushed[block] = (pushed[block] + pulled[block]) / 2;
  }
  return pushed;
}

function beside(count: number, pairs: readonly Pair[], of: 'left' | 'right', to: 'left' | 'right'): Beside {
  const start = new Int32Array(count + 1);
  for (const pair of pairs) {
    start[pair[of] + 1]++;
  }
  for (let block = 0; block < count; block++) {
    start[block + 1] += start[block];
  }
  const next = start.slice();
  const block = new Int32Array(pairs.length);
  const apart = new Float64Array(pairs.length);
  for (const pair of pairs) {
    const at = next[pair[of]]++;
    block[at] = pair[to];
    apart[at] = pair.apart;
  }
  return { start, block, apart };
}

function fromLeft(left: Beside, right: Beside): Int32Array {
  const count = left.start.length - 1;
  const order = new Int32Array(count);
  const missing = new Int32Array(count);
  let found = 0;
  for (let block = 0; block < count; block++) {
    missing[block] = left.start[block + 1] - left.start[block];
    if (!missing[block]) {
      order[found++] = block;
    }
  }
  for (let head = 0; head < found; head++) {
    for (let at = right.start[order[head]]; at < right.start[order[head] + 1]; at++) {
      if (--missing[right.block[at]] === 0) {
        order[found++] = right.block[at];
      }
    }
  }
  return order;
}
