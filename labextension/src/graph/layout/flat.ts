import { place } from './coordinates';
import { type Layers, type Pin, layered } from './layers';
import type { Box, Point, Spacing } from './geometry';
import { entries } from './ports';

const LANE = 6;

/** A box without a name. A pinned one is a port of a frame. */
export interface FlatBox {
  readonly width: number;
  readonly height: number;
  readonly pin?: Pin;
}

/** An edge between numbered boxes; `leaves` and `enters` say where, measured from the left side of the box. */
export interface FlatEdge {
  readonly from: number;
  readonly to: number;
  readonly leaves?: number;
  readonly enters?: number;
}

/** Boxes and lines of a graph without frames, from top to bottom; the smallest coordinates are 0. */
export interface FlatLayout {
  readonly boxes: readonly Box[];
  readonly lines: readonly (readonly Point[])[];
  readonly width: number;
  readonly height: number;
}

/** Lays out boxes in ranks from top to bottom. */
export function layFlat(given: readonly FlatBox[], edges: readonly FlatEdge[], spacing: Spacing): FlatLayout {
  const layers = layered(
    given.length,
    edges.map(edge => [edge.from, edge.to]),
    given.map(box => box.pin)
  );
  const isLane = (vertex: number): boolean => vertex >= given.length || given[vertex].pin !== undefined;
  const widths = layers.rank.map((_, vertex) => (vertex < given.length ? given[vertex].width : LANE));
  const apart = (a: number, b: number): number =>
    (widths[a] + widths[b]) / 2 +
    (isLane(a) && isLane(b) ? spacing.lane : isLane(a) || isLane(b) ? (spacing.gap + spacing.lane) / 2 : spacing.gap);
  const x = place(layers, widths, isLane, { apart, shift: shiftsOf(layers, given, edges) });
  const rows = rowsOf(layers, given, spacing);
  const boxes = given.map((box, vertex) => {
    const row = rows[layers.rank[vertex]];
    return {
      x: x[vertex] - box.width / 2,
      y: row.top,
      width: box.width,
      height: box.height
    };
  });
  const lines = linesOf(layers, boxes, edges, x, rows);
  const width = x.reduce((most, centre, vertex) => Math.max(most, centre + widths[vertex] / 2), 0);
  const last = rows[rows.length - 1];
  return { boxes, lines, width, height: last ? last.top + last.height : 0 };
}

/** Lines that leave or enter a box beside its middle want the boxes to stand that much aside; several, their mean. */
function shiftsOf(
  layers: Layers,
  boxes: readonly FlatBox[],
  edges: readonly FlatEdge[]
): (above: number, below: number) => number {
  const total = layers.rank.length;
  const sums = new Map<number, { sum: number; count: number }>();
  const add = (above: number, below: number, shift: number): void => {
    const known = sums.get(above * total + below) ?? { sum: 0, count: 0 };
    sums.set(above * total + below, { sum: known.sum + shift, count: known.count + 1 });
  };
  for (const edge of edges) {
    const passed = layers.rank[edge.to] - layers.rank[edge.from] - 1;
    if (edge.leaves === undefined && edge.enters === undefined) {
      continue;
    }
    const leaves = (edge.leaves ?? boxes[edge.from].width / 2) - boxes[edge.from].width / 2;
    const enters = (edge.enters ?? boxes[edge.to].width / 2) - boxes[edge.to].width / 2;
    const trunk = layers.trunks[edge.from];
    if (passed > 0 && trunk.length >= passed) {
      add(edge.from, trunk[0], leaves);
      add(trunk[passed - 1], edge.to, -enters);
    } else {
      add(edge.from, edge.to, leaves - enters);
    }
  }
  return (above, below) => {
    const found = sums.size ? sums.get(above * total + below) : undefined;
    return found ? found.sum / found.count : 0;
  };
}

interface Row {
  readonly top: number;
  readonly height: number;
}

/** The top and the height of each rank; a rank of ports only is near the next. */
function rowsOf(layers: Layers, boxes: readonly FlatBox[], spacing: Spacing): Row[] {
  const rows: Row[] = [];
  const ports = layers.ranks.map(layer => layer.some(vertex => boxes[vertex]?.pin));
  let top = 0;
  layers.ranks.forEach((layer, level) => {
    const height = layer.reduce((most, vertex) => Math.max(most, boxes[vertex]?.height ?? 0), 0);
    rows.push({ top, height });
    top += height + (ports[level] || ports[level + 1] ? spacing.port : spacing.rank);
  });
  return rows;
}

/** The points of each edge: upright beside boxes, a bend between ranks only, straight through all ranks passed. */
function linesOf(
  layers: Layers,
  boxes: readonly Box[],
  edges: readonly FlatEdge[],
  x: readonly number[],
  rows: readonly Row[]
): Point[][] {
  const { rank, trunks } = layers;
  const turned = (edge: FlatEdge): boolean => rank[edge.from] > rank[edge.to];
  const drawn = edges.map(edge => (turned(edge) ? { from: edge.to, to: edge.from } : edge));
  const lanes = drawn.map(edge => {
    const passed = rank[edge.to] - rank[edge.from] - 1;
    return passed > 0 && trunks[edge.from].length >= passed ? x[trunks[edge.from][0]] : undefined;
  });
  const enters = entries(
    boxes,
    drawn,
    drawn.map((edge, index) => lanes[index] ?? x[edge.from])
  );
  return drawn.map((edge, index) => {
    if (edge.from === edge.to) {
      return [];
    }
    const [start, end] = [boxes[edge.from], boxes[edge.to]];
    const leaving = start.x + (edge.leaves ?? start.width / 2);
    const [above, below] = [rows[rank[edge.from]], rows[rank[edge.to]]];
    const lane = lanes[index];
    const points: Point[] = [
      [leaving, start.y + start.height],
      [leaving, above.top + above.height]
    ];
    if (lane !== undefined) {
      const [first, last] = [rows[rank[edge.from] + 1], rows[rank[edge.to] - 1]];
      points.push([lane, first.top], [lane, last.top + last.height]);
    }
    points.push([enters[index], below.top], [enters[index], end.y]);
    const simple = simplified(points);
    return turned(edges[index]) ? simple.reverse() : simple;
  });
}

/** The same line without points that change nothing. */
export function simplified(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const point of points) {
    const last = kept[kept.length - 1];
    const before = kept[kept.length - 2];
    if (last && last[0] === point[0] && last[1] === point[1]) {
      continue;
    }
    if (last && before && before[0] === last[0] && last[0] === point[0]) {
      kept.pop();
    }
    kept.push(point);
  }
  return kept;
}
