import type { Layers } from './layers';

/** Beyond this many vertices, bends included, crossings are not counted: the last order is taken. */
const SMALL = 1200;

/** Puts each rank into an order with few crossings, none between trunks: then each trunk can be straight. */
export function reduceCrossings(layers: Layers): void {
  const small = layers.rank.length <= SMALL;
  let best = layers.ranks.map(layer => [...layer]);
  let fewest = small ? crossings(layers) : 0;
  for (let sweep = 0; sweep < (small ? 12 : 6) && (fewest > 0 || !small); sweep++) {
    sweepOnce(layers, sweep % 2 === 0);
    keepTrunksApart(layers);
    const found = small ? crossings(layers) : 0;
    if (small ? found < fewest : true) {
      fewest = found;
      best = layers.ranks.map(layer => [...layer]);
    }
  }
  layers.ranks.forEach((layer, level) => layer.splice(0, layer.length, ...best[level]));
  keepTrunksApart(layers);
}

/** How many pairs of edges cross. */
export function crossings(layers: Layers): number {
  const position = positions(layers);
  let total = 0;
  for (let level = 0; level + 1 < layers.ranks.length; level++) {
    total += crossingsBelow(layers, level, position);
  }
  return total;
}

/** The place of each vertex in its rank. */
export function positions(layers: Layers): number[] {
  const position = new Array<number>(layers.rank.length).fill(0);
  for (const layer of layers.ranks) {
    layer.forEach((vertex, index) => (position[vertex] = index));
  }
  return position;
}

function sweepOnce(layers: Layers, downwards: boolean): void {
  const { ranks } = layers;
  const near = downwards ? layers.up : layers.down;
  const position = positions(layers);
  const key = new Array<number>(layers.rank.length).fill(0);
  for (let step = 0; step < ranks.length; step++) {
    const layer = ranks[downwards ? step : ranks.length - 1 - step];
    for (const vertex of layer) {
      let sum = 0;
      for (const other of near[vertex]) {
        sum += position[other];
      }
      key[vertex] = near[vertex].length ? sum / near[vertex].length : position[vertex];
    }
    layer.sort((a, b) => key[a] - key[b] || position[a] - position[b]);
    layer.forEach((vertex, index) => (position[vertex] = index));
  }
}

/** Bends that go on from a bend take their places in the order of the bends above them. */
function keepTrunksApart(layers: Layers): void {
  const { count, ranks, up } = layers;
  const position = new Array<number>(layers.rank.length).fill(0);
  for (const layer of ranks) {
    const places: number[] = [];
    const going: number[] = [];
    layer.forEach((vertex, index) => {
      if (vertex >= count && up[vertex][0] >= count) {
        places.push(index);
        going.push(vertex);
      }
    });
    going.sort((a, b) => position[up[a][0]] - position[up[b][0]]);
    going.forEach((vertex, index) => (layer[places[index]] = vertex));
    layer.forEach((vertex, index) => (position[vertex] = index));
  }
}

/** Inversions among the lower ends of a rank's edges, counted with a binary indexed tree. */
function crossingsBelow(layers: Layers, level: number, position: readonly number[]): number {
  const width = layers.ranks[level + 1].length;
  const tree = new Array<number>(width + 1).fill(0);
  let seen = 0;
  let total = 0;
  for (const vertex of layers.ranks[level]) {
    const ends = layers.down[vertex].map(other => position[other]).sort((a, b) => a - b);
    for (const end of ends) {
      let atMost = 0;
      for (let index = end + 1; index > 0; index -= index & -index) {
        atMost += tree[index];
      }
      total += seen - atMost;
    }
    for (const end of ends) {
      seen++;
      for (let index = end + 1; index <= width; index += index & -index) {
        tree[index]++;
      }
    }
  }
  return total;
}
