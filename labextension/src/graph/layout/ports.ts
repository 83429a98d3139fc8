import type { Box } from './geometry';
import type { FlatEdge } from './flat';

const STEP = 18;
const SIDE = 12;
/** An edge that comes from no farther beside the middle, as a part of the width, may enter straight down. */
const REACH = 0.3;

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
  const away = origins.map(origin => Math.abs(origin - middle));
  const straight = away.indexOf(Math.min(...away));
  if (count === 0 || away[straight] > REACH * box.width) {
    return even;
  }
  // The one that comes from right above stays straight; the others make way.
  const places = origins.map((origin, index) => (away[index] <= REACH * box.width ? origin : even[index]));
  for (let index = straight + 1; index < count; index++) {
    places[index] = Math.max(places[index], places[index - 1] + step);
  }
  for (let index = straight - 1; index >= 0; index--) {
    places[index] = Math.min(places[index], places[index + 1] - step);
  }
  const fits = places[0] >= box.x + SIDE / 2 && places[count - 1] <= box.x + box.width - SIDE / 2;
  return fits ? places : even;
}
