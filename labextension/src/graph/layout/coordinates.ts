import { type Blocks, blocksOf, separated } from './blocks';
import type { Layers } from './layers';

const DAMPED_ROUNDS = 10;
const CLOSING_ROUNDS = 3;

/**
 * The centre of each vertex across the ranks: near its neighbours, apart from those beside it, trunks straight.
 *
 * `apart` says how far the centres of two vertices side by side must be from each other. The leftmost edge of
 * the drawing is at 0; `widths` has bends too.
 */
export function place(
  layers: Layers,
  widths: readonly number[],
  apart: (left: number, right: number) => number
): number[] {
  const blocks = blocksOf(layers, apart);
  const near = neighbours(layers, blocks);
  let x = separated(blocks, new Array<number>(blocks.members.length).fill(0));
  for (let round = 0; round < DAMPED_ROUNDS; round++) {
    const side = round % 2 === 0 ? near.above : near.below;
    // Half the way only: two neighbours that both jump would change places for ever.
    x = separated(
      blocks,
      x.map((now, block) => (side[block].length ? (now + mean(side[block], x)) / 2 : now))
    );
    x = separated(
      blocks,
      x.map((now, block) => (near.around[block].length ? (now + mean(near.around[block], x)) / 2 : now))
    );
  }
  for (let round = 0; round < CLOSING_ROUNDS; round++) {
    settle(blocks, near.around, x);
  }
  lineUp(blocks, near, x);
  return fromZero(blocks, x, widths);
}

interface Near {
  readonly above: readonly (readonly number[])[];
  readonly below: readonly (readonly number[])[];
  readonly around: readonly (readonly number[])[];
}

/** For each block the blocks that its vertices' edges lead to, up, down and both. */
function neighbours(layers: Layers, blocks: Blocks): Near {
  const others = (near: readonly (readonly number[])[]): number[][] =>
    blocks.members.map((members, block) =>
      members.flatMap(vertex => near[vertex].map(other => blocks.of[other]).filter(other => other !== block))
    );
  const above = others(layers.up);
  const below = others(layers.down);
  return { above, below, around: above.map((list, block) => [...list, ...below[block]]) };
}

function mean(list: readonly number[], x: readonly number[]): number {
  let sum = 0;
  for (const block of list) {
    sum += x[block];
  }
  return sum / list.length;
}

/** The middle of the neighbours' positions: exactly below a neighbour where there is an odd one in the middle. */
function median(list: readonly number[], x: readonly number[]): number {
  const sorted = list.map(block => x[block]).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Moves each block as near to the middle of its neighbours as those beside it let it. */
function settle(blocks: Blocks, near: readonly (readonly number[])[], x: number[]): void {
  for (let block = 0; block < x.length; block++) {
    if (near[block].length) {
      x[block] = within(blocks, block, x, median(near[block], x));
    }
  }
}

/** A block with one neighbour on a side comes to stand exactly in line with it where it is nearly so. */
function lineUp(blocks: Blocks, near: Near, x: number[]): void {
  const nearly = 22;
  for (let block = 0; block < x.length; block++) {
    for (const side of [near.above[block], near.below[block]]) {
      if (side.length === 1 && x[side[0]] !== x[block] && Math.abs(x[side[0]] - x[block]) < nearly) {
        x[block] = within(blocks, block, x, x[side[0]]);
        break;
      }
    }
  }
}

function within(blocks: Blocks, block: number, x: readonly number[], wanted: number): number {
  let [least, most] = [-Infinity, Infinity];
  for (const other of blocks.left[block]) {
    least = Math.max(least, x[other.block] + other.apart);
  }
  for (const other of blocks.right[block]) {
    most = Math.min(most, x[other.block] - other.apart);
  }
  return Math.min(Math.max(wanted, least), Math.max(most, least));
}

function fromZero(blocks: Blocks, x: readonly number[], widths: readonly number[]): number[] {
  const centres = blocks.of.map(block => x[block]);
  const least = centres.reduce((left, centre, vertex) => Math.min(left, centre - widths[vertex] / 2), Infinity);
  return centres.map(centre => Math.round((centre - least) * 2) / 2);
}
