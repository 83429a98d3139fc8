import { type Blocks, blocksOf, separated } from './blocks';
import type { Layers } from './layers';

const DAMPED_ROUNDS = 8;
const CLOSING_ROUNDS = 3;
/** A block that is less than this beside its only neighbour on a side is moved into line with it. */
const NEARLY = 22;

/** How vertices want to stand to each other. */
export interface Distances {
  /** How far the centres of two vertices side by side must be from each other. */
  readonly apart: (left: number, right: number) => number;
  /** How far right of the centre of a vertex the centre of one below is when the line between them is straight. */
  readonly shift: (above: number, below: number) => number;
}

/**
 * The centre of each vertex across the ranks: near its neighbours, apart from those beside it, trunks straight.
 *
 * Boxes line up with boxes; a lane (a bend, or a port of a frame) stands aside. The leftmost side of the drawing
 * is at 0.
 */
export function place(
  layers: Layers,
  widths: readonly number[],
  isLane: (vertex: number) => boolean,
  distances: Distances
): number[] {
  const blocks = blocksOf(layers, distances.apart);
  const near = neighbours(layers, blocks, isLane, distances.shift);
  let x = separated(blocks, new Float64Array(blocks.members.length));
  for (let round = 0; round < DAMPED_ROUNDS; round++) {
    x = separated(blocks, halfway(round % 2 === 0 ? near.above : near.below, x));
    x = separated(blocks, halfway(near.around, x));
  }
  for (let round = 0; round < CLOSING_ROUNDS; round++) {
    settle(blocks, near.around, x);
  }
  lineUp(blocks, near, x, layers.rank);
  return fromZero(blocks, x, widths);
}

/** A block that another wants to stand near, and how far right of it. */
interface Pull {
  readonly block: number;
  readonly shift: number;
}

/** What pulls at each block. */
type Pulls = readonly (readonly Pull[])[];

interface Near {
  readonly above: Pulls;
  readonly below: Pulls;
  readonly around: Pulls;
}

/** What each block's edges lead to, up, down and both: a box looks at lanes only for want of boxes. */
function neighbours(
  layers: Layers,
  blocks: Blocks,
  isLane: (vertex: number) => boolean,
  shift: Distances['shift']
): Near {
  const lane = blocks.members.map(members => isLane(members[0]));
  const others = (near: readonly (readonly number[])[], shiftTo: Distances['shift']): Pull[][] =>
    blocks.members.map((members, block) => {
      const found: Pull[] = [];
      for (const vertex of members) {
        for (const other of near[vertex]) {
          if (blocks.of[other] !== block) {
            found.push({ block: blocks.of[other], shift: shiftTo(vertex, other) });
          }
        }
      }
      return found;
    });
  const above = others(layers.up, (vertex, other) => shift(other, vertex));
  const below = others(layers.down, (vertex, other) => -shift(vertex, other));
  const preferred = (list: readonly Pull[], block: number): readonly Pull[] => {
    const boxes = lane[block] ? [] : list.filter(other => !lane[other.block]);
    return boxes.length ? boxes : list;
  };
  return {
    above: above.map(preferred),
    below: below.map(preferred),
    around: above.map((list, block) => preferred([...list, ...below[block]], block))
  };
}

/** Each block half the way to the mean of its neighbours: two that both went all the way would change places for ever. */
function halfway(near: Pulls, x: Float64Array): Float64Array {
  const moved = Float64Array.from(x);
  for (let block = 0; block < x.length; block++) {
    const list = near[block];
    if (list.length) {
      let sum = 0;
      for (const other of list) {
        sum += x[other.block] + other.shift;
      }
      moved[block] = (x[block] + sum / list.length) / 2;
    }
  }
  return moved;
}

/** Moves each block as near to the middle of its neighbours as those beside it let it. */
function settle(blocks: Blocks, near: Pulls, x: Float64Array): void {
  for (let block = 0; block < x.length; block++) {
    if (near[block].length) {
      x[block] = within(blocks, block, x, median(near[block], x));
    }
  }
}

/** The middle of the neighbours' positions: exactly below a neighbour where there is an odd one in the middle. */
function median(list: readonly Pull[], x: Float64Array): number {
  const sorted = Float64Array.from(list, other => x[other.block] + other.shift).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** A block comes to stand exactly in line with the only one above it, a first one with that below, where it nearly is. */
function lineUp(blocks: Blocks, near: Near, x: Float64Array, rank: readonly number[]): void {
  const downwards = blocks.members.map((_, block) => block);
  downwards.sort((a, b) => rank[blocks.members[a][0]] - rank[blocks.members[b][0]] || a - b);
  const follow = (block: number, side: readonly Pull[]): void => {
    const wanted = side.length === 1 ? x[side[0].block] + side[0].shift : Infinity;
    if (Math.abs(wanted - x[block]) < NEARLY) {
      x[block] = within(blocks, block, x, wanted);
    }
  };
  downwards.forEach(block => follow(block, near.above[block]));
  downwards.reverse();
  downwards.filter(block => near.above[block].length === 0).forEach(block => follow(block, near.below[block]));
}

/** The position nearest to `wanted` that keeps a block apart from those beside it as they stand. */
function within(blocks: Blocks, block: number, x: Float64Array, wanted: number): number {
  const { left, right } = blocks;
  let least = -Infinity;
  let most = Infinity;
  for (let at = left.start[block]; at < left.start[block + 1]; at++) {
    least = Math.max(least, x[left.block[at]] + left.apart[at]);
  }
  for (let at = right.start[block]; at < right.start[block + 1]; at++) {
    most = Math.min(most, x[right.block[at]] - right.apart[at]);
  }
  return Math.min(Math.max(wanted, least), Math.max(most, least));
}

/** The centres of all vertices, on half pixels, so that the leftmost side is at 0. */
function fromZero(blocks: Blocks, x: Float64Array, widths: readonly number[]): number[] {
  let least = Infinity;
  for (let vertex = 0; vertex < widths.length; vertex++) {
    least = Math.min(least, x[blocks.of[vertex]] - widths[vertex] / 2);
  }
  return widths.map((_, vertex) => Math.round((x[blocks.of[vertex]] - least) * 2) / 2);
}
