import { exchangeNeighbours } from './exchange';
import type { Layers } from './layers';

/** Beyond this many vertices, bends included, crossings are not counted: the last order is taken. */
const SMALL = 2500;
const SWEEPS = 12;
/** So many sweeps without gain, and it will hardly come. */
const PATIENCE = 4;
const SWEEPS_IF_LARGE = 6;

/** Puts each rank into an order with few crossings, none between trunks: then each trunk can be straight. */
export function reduceCrossings(layers: Layers): void {
  keepTrunksApart(layers);
  if (layers.rank.length > SMALL) {
    for (let sweep = 0; sweep < SWEEPS_IF_LARGE; sweep++) {
      sweepOnce(layers, sweep % 2 === 0);
      keepTrunksApart(layers);
    }
    return;
  }
  let best = layers.ranks.map(layer => layer.slice());
  let fewest = crossings(layers);
  for (let sweep = 0, since = 0; sweep < SWEEPS && since < PATIENCE && fewest > 0; sweep++, since++) {
    sweepOnce(layers, sweep % 2 === 0);
    keepTrunksApart(layers);
    const found = crossings(layers);
    if (found < fewest) {
      best = layers.ranks.map(layer => layer.slice());
      [fewest, since] = [found, 0];
    }
  }
  layers.ranks.splice(0, layers.ranks.length, ...best);
  if (fewest > 0) {
    exchangeNeighbours(layers, positions(layers));
  }
}

/** How many pairs of edges cross. */
export function crossings(layers: Layers): number {
  const position = positions(layers);
  const widest = layers.ranks.reduce((most, layer) => Math.max(most, layer.length), 0);
  const tree = new Int32Array(widest + 1);
  let total = 0;
  for (let level = 0; level + 1 < layers.ranks.length; level++) {
    total += crossingsBelow(layers, level, position, tree);
  }
  return total;
}

/** The place of each vertex in its rank. */
export function positions(layers: Layers): Int32Array {
  const position = new Int32Array(layers.rank.length);
  for (const layer of layers.ranks) {
    for (let index = 0; index < layer.length; index++) {
      position[layer[index]] = index;
    }
  }
  return position;
}

function sweepOnce(layers: Layers, downwards: boolean): void {
  const { ranks } = layers;
  const near = downwards ? layers.up : layers.down;
  const position = positions(layers);
  const key = new Float64Array(layers.rank.length);
  const byKey = (a: number, b: number): number => key[a] - key[b] || position[a] - position[b];
  for (let step = 0; step < ranks.length; step++) {
    const layer = ranks[downwards ? step : ranks.length - 1 - step];
    for (const vertex of layer) {
      const others = near[vertex];
      let sum = 0;
      for (const other of others) {
        sum += position[other];
      }
      key[vertex] = others.length ? sum / others.length : position[vertex];
    }
    if (layer.length > 1) {
      layer.sort(byKey);
      for (let index = 0; index < layer.length; index++) {
        position[layer[index]] = index;
      }
    }
  }
}

/** Bends that go on from a bend take their places in the order of the bends above them. */
function keepTrunksApart(layers: Layers): void {
  const { count, ranks, up } = layers;
  const position = new Int32Array(layers.rank.length);
  const byAbove = (a: number, b: number): number => position[up[a][0]] - position[up[b][0]];
  for (const layer of ranks) {
    const places: number[] = [];
    const going: number[] = [];
    for (let index = 0; index < layer.length; index++) {
      const vertex = layer[index];
      if (vertex >= count && up[vertex][0] >= count) {
        places.push(index);
        going.push(vertex);
      }
    }
    if (going.length > 1) {
      going.sort(byAbove);
      for (let index = 0; index < going.length; index++) {
        layer[places[index]] = going[index];
      }
    }
    for (let index = 0; index < layer.length; index++) {
      position[layer[index]] = index;
    }
  }
}

/** Inversions among the lower ends of a rank's edges, counted with a binary indexed tree. */
function crossingsBelow(layers: Layers, level: number, position: Int32Array, tree: Int32Array): number {
  const width = layers.ranks[level + 1].length;
  const layer = layers.ranks[level];
  if (width < 2 || layer.length < 2) {
    return 0;
  }
  tree.fill(0, 0, width + 1);
  let seen = 0;
  let total = 0;
  for (const vertex of layer) {
    const ends = layers.down[vertex];
    for (const end of ends) {
      let atMost = 0;
      for (let index = position[end] + 1; index > 0; index -= index & -index) {
        atMost += tree[index];
      }
      total += seen - atMost;
    }
    for (const end of ends) {
      for (let index = position[end] + 1; index <= width; index += index & -index) {
        tree[index]++;
      }
    }
    seen += ends.length;
  }
  return total;
}
