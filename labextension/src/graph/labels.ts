import { type Box, type Layout, type Orientation, type Point, overlap } from './layout/geometry';
import { monoWidth } from './measure';

const SIZE = 10.5;
const HEIGHT = 15;
const PADDING = 4;
const PARTS = [0.5, 0.64, 0.36];

/** A text on an edge and the rectangle it stands in. */
export interface Label {
  readonly edge: number;
  readonly text: string;
  readonly box: Box;
}

/** A label for each edge that has a text and finds room, never over a box or another label. */
export function placeLabels(layout: Layout, texts: readonly string[], orientation: Orientation): Label[] {
  const taken = new Rows([...layout.boxes.values()]);
  const labels: Label[] = [];
  layout.lines.forEach((points, edge) => {
    const text = texts[edge] ?? '';
    const box = text ? freePlace(points, monoWidth(text, SIZE) + 2 * PADDING, taken, orientation) : undefined;
    if (box) {
      taken.add(box);
      labels.push({ edge, text, box });
    }
  });
  return labels;
}

/** A place on the line, first near the target, then near the source, on each piece that is long enough. */
function freePlace(points: readonly Point[], width: number, taken: Rows, orientation: Orientation): Box | undefined {
  const needed = orientation === 'down' ? HEIGHT + 8 : width + 12;
  const along = orientation === 'down' ? 1 : 0;
  for (let index = points.length - 2; index >= 0; index--) {
    const [start, end] = [points[index], points[index + 1]];
    if (end[along] - start[along] < needed) {
      continue;
    }
    for (const part of PARTS) {
      const [x, y] = pointAt(start, end, part, orientation);
      const box = { x: x - width / 2, y: y - HEIGHT / 2, width, height: HEIGHT };
      if (taken.free(box)) {
        return box;
      }
    }
  }
  return undefined;
}

/** Where the curve of `linePath` is at a part of its way (a cubic that starts and ends along the graph). */
function pointAt(start: Point, end: Point, part: number, orientation: Orientation): Point {
  const eased = part * part * (3 - 2 * part);
  const across = orientation === 'down' ? 0 : 1;
  const at = (axis: 0 | 1): number => start[axis] + (end[axis] - start[axis]) * (axis === across ? eased : part);
  return [at(0), at(1)];
}

/** Boxes by bands of their height, so that a box is compared with those near it only. */
class Rows {
  private readonly bands = new Map<number, Box[]>();

  constructor(boxes: readonly Box[]) {
    boxes.forEach(box => this.add(box));
  }

  add(box: Box): void {
    for (const band of this.bandsOf(box)) {
      const list = this.bands.get(band);
      if (list) {
        list.push(box);
      } else {
        this.bands.set(band, [box]);
      }
    }
  }

  free(box: Box): boolean {
    return this.bandsOf(box).every(band => !(this.bands.get(band) ?? []).some(other => overlap(box, other, 3)));
  }

  private bandsOf(box: Box): number[] {
    const [first, last] = [Math.floor((box.y - 4) / 64), Math.floor((box.y + box.height + 4) / 64)];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  }
}
