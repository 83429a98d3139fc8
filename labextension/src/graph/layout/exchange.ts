import type { Layers } from './layers';

const PASSES = 4;

/** Exchanges neighbours in a rank where that takes away crossings; two bends are left, as trunks must not cross. */
export function exchangeNeighbours(layers: Layers, position: Int32Array): void {
  const { ranks, count } = layers;
  for (let pass = 0, gained = true; pass < PASSES && gained; pass++) {
    gained = false;
    for (const layer of ranks) {
      for (let index = 0; index + 1 < layer.length; index++) {
        const [a, b] = [layer[index], layer[index + 1]];
        if ((a < count || b < count) && gain(layers, a, b, position) > 0) {
          [layer[index], layer[index + 1]] = [b, a];
          position[a] = index + 1;
          position[b] = index;
          gained = true;
        }
      }
    }
  }
}

/** How many crossings fewer there are with `b` left of `a`. */
function gain(layers: Layers, a: number, b: number, position: Int32Array): number {
  return balance(layers.up[a], layers.up[b], position) + balance(layers.down[a], layers.down[b], position);
}

/** Pairs of ends that cross as it is, less those that would cross the other way round. */
function balance(left: readonly number[], right: readonly number[], position: Int32Array): number {
  let found = 0;
  for (const one of left) {
    for (const other of right) {
      found += Math.sign(position[one] - position[other]);
    }
  }
  return found;
}
