import type { Box } from './geometry';
import type { FlatEdge } from './flat';

const STEP = 18;
const SIDE = 12;

/** Where each edge enters its box: side by side in the order they come from, straight down where there is room. */
export function entries(boxes: readonly Box[], edges: readonly FlatEdge[], origins: readonly number[]): number[] {
  const arriving = new Map<number, number[]>();
  edges.forEach((edge, index) => {
    const list = arriving.get(edge.to);
    if (list) {
      list.push(index);
    } else {
      arriving.set(edge.to, [index]);
    }
  });
  const enters = new Array<number>(edges.length).fill(0);
  for (const [target, indices] of arriving) {
    const free = indices.filter(index => edges[index].enters === undefined);
    indices.forEach(index => (enters[index] = boxes[target].x + (edges[index].enters ?? 0)));
    free.sort((a, b) => origins[a] - origins[b] || a - b);
    const places = spread(
      boxes[target],
      free.map(index => origins[index])
    );
    free.forEach((index, place) => (enters[index] = places[place]));
  }
  return enters;
}

/** Places about the middle of a box for edges from `origins` (ascending), each nearest to where it comes from. */
function spread(box: Box, origins: readonly number[]): number[] {
  const count = origins.length;
  if (box.width < 2 * SIDE) {
    return origins.map(() => box.x + box.width / 2);
  }
  const step = Math.min(STEP, (box.width - 2 * SIDE) / Math.max(count, 1));
  const middle = box.x + box.width / 2;
  const even = origins.map((_, index) => middle + step * (index - (count - 1) / 2));
  const reach = 0.3 * box.width;
  const wanted = origins.map((origin, index) => (Math.abs(origin - middle) <= reach ? origin : even[index]));
  const [low, high] = [box.x + SIDE, box.x + box.width - SIDE];
  const pushed = [...wanted];
  const pulled = [...wanted];
  for (let index = 0; index < count; index++) {
    pushed[index] = Math.max(pushed[index], index ? pushed[index - 1] + step : low);
  }
  for (let index = count - 1; index >= 0; index--) {
    pulled[index] = Math.min(pulled[index], index + 1 < count ? pulled[index + 1] - step : high);
  }
  return pushed.map((x, index) => Math.round(Math.min(Math.max((x + pulled[index]) / 2, low), high) * 2) / 2);
}
