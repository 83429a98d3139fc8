import type { Label } from './labels';
import type { Orientation, Point } from './layout/geometry';
import type { GraphEdge } from './model';
import { linePath, set, setText, svg } from './svg';

const HEAD = 6;

/** An edge: a soft line with a head, a wide invisible line to point at, and its label where it has one. */
export class Line {
  readonly element = svg('g', { class: 'jp-mlops-graph-edge', 'data-testid': 'mlops-edge', 'aria-hidden': 'true' });
  readonly label = svg('g', { class: 'jp-mlops-graph-label', 'aria-hidden': 'true' });
  private readonly hit = svg('path', { class: 'jp-mlops-graph-hit' });
  private readonly path = svg('path', { class: 'jp-mlops-graph-line' });
  private readonly head = svg('path', { class: 'jp-mlops-graph-head' });
  private readonly halo = svg('rect', { class: 'jp-mlops-graph-halo', height: 15, rx: 5 });
  private readonly text = svg('text', { 'font-size': 10.5, 'text-anchor': 'middle' });

  private shown: readonly unknown[] = [];

  constructor() {
    this.element.append(this.hit, this.path, this.head);
    this.label.append(this.halo, this.text);
  }

  /** Shows an edge along the points of its line. */
  show(edge: GraphEdge, points: readonly Point[], orientation: Orientation, label?: Label): void {
    const now = [edge, points, label];
    if (now.every((part, index) => part === this.shown[index]) && this.shown.length) {
      return;
    }
    this.shown = now;
    const d = linePath(shortened(points, orientation), orientation);
    set(this.element, { 'data-from': edge.from, 'data-to': edge.to });
    set(this.hit, { d });
    set(this.path, { d });
    set(this.head, { d: headPath(points, orientation) });
    this.element.classList.toggle('jp-mod-order', edge.names.length === 0);
    set(this.label, { visibility: label ? 'visible' : 'hidden' });
    if (label) {
      const { x, y, width } = label.box;
      set(this.halo, { x, y, width });
      set(this.text, { x: x + width / 2, y: y + 11 });
      setText(this.text, label.text);
    }
  }

  /** Lets the line stand out, or not. */
  highlight(near: boolean): void {
    this.element.classList.toggle('jp-mod-near', near);
    this.label.classList.toggle('jp-mod-near', near);
  }
}

/** The line as far as its head: the head's tip touches the card. */
function shortened(points: readonly Point[], orientation: Orientation): Point[] {
  const last = points[points.length - 1];
  if (!last) {
    return [];
  }
  const back = HEAD * direction(points, orientation);
  return [...points.slice(0, -1), orientation === 'down' ? [last[0], last[1] - back] : [last[0] - back, last[1]]];
}

function headPath(points: readonly Point[], orientation: Orientation): string {
  const last = points[points.length - 1];
  if (!last) {
    return '';
  }
  const back = (HEAD + 1) * direction(points, orientation);
  const [x, y] = last;
  return orientation === 'down'
    ? `M${x} ${y}L${x - 4} ${y - back}Q${x} ${y - back * 0.75} ${x + 4} ${y - back}Z`
    : `M${x} ${y}L${x - back} ${y - 4}Q${x - back * 0.75} ${y} ${x - back} ${y + 4}Z`;
}

/** 1 for a line along the graph, -1 for one that closes a cycle and goes back. */
function direction(points: readonly Point[], orientation: Orientation): number {
  const axis = orientation === 'down' ? 1 : 0;
  const [first, last] = [points[0], points[points.length - 1]];
  return last[axis] >= first[axis] ? 1 : -1;
}
