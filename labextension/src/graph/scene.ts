import { Card } from './card';
import { Frame } from './frame';
import type { Label } from './labels';
import { type Box, type Orientation, type Point, overlap } from './layout/geometry';
import { Line } from './line';
import type { GraphData, GraphEdge, GraphNode } from './model';
import type { Shape } from './shape';
import { arrange, svg } from './svg';
import type { Translate } from './words';

/** Up to this many steps all are in the document; above, only those in view. */
export const MOST_DRAWN = 500;
const AROUND = 240;

/** The drawing: frames, lines, labels and cards of what is in view. Elements of steps that stay are kept. */
export class Scene {
  readonly element = svg('svg', { class: 'jp-mlops-graph-picture', role: 'group' });
  private readonly layers = {
    frames: svg('g'),
    lines: svg('g', { 'aria-hidden': 'true' }),
    labels: svg('g', { 'aria-hidden': 'true' }),
    cards: svg('g')
  };
  private readonly cards = new Map<string, Card>();
  private readonly lines = new Map<string, Line>();
  private readonly frames = new Map<string, Frame>();
  private data: GraphData = { name: '', nodes: [], edges: [] };
  private shape: Shape | undefined;
  private view: Box | undefined;
  private pinned: ReadonlySet<string> = new Set();
  private selected: string | null = null;
  private labels: ReadonlyMap<number, Label> = new Map();

  constructor(
    private readonly orientation: Orientation,
    private readonly trans: Translate
  ) {
    this.element.append(this.layers.frames, this.layers.lines, this.layers.labels, this.layers.cards);
  }

  /** Shows a graph in a shape. */
  show(data: GraphData, shape: Shape): void {
    [this.data, this.shape, this.labels] = [data, shape, shape.labels];
    this.draw();
  }

  /** Draws what is in a part of the drawing, and the steps that must be there wherever they are. */
  look(view: Box, pinned: readonly (string | null)[]): void {
    this.view = view;
    this.pinned = new Set(pinned.filter((name): name is string => name !== null));
    if (this.culling) {
      this.draw();
    }
  }

  /** Marks a step and its edges; labels of its edges, where there are too many for all. */
  select(name: string | null, labels: ReadonlyMap<number, Label>): void {
    [this.selected, this.labels] = [name, labels];
    this.draw();
  }

  /** The card of a step, where it is drawn. */
  card(name: string): Card | undefined {
    return this.cards.get(name);
  }

  private get culling(): boolean {
    return this.data.nodes.length > MOST_DRAWN;
  }

  private draw(): void {
    const { layout } = this.shape ?? {};
    if (!layout) {
      return;
    }
    const around = this.culling && this.view ? grown(this.view) : undefined;
    const seen = (box: Box): boolean => !around || overlap(box, around);
    const nodes = this.data.nodes.flatMap((node): [GraphNode, Box][] => {
      const box = layout.boxes.get(node.name);
      return box && (seen(box) || this.pinned.has(node.name)) ? [[node, box]] : [];
    });
    arrange(
      this.layers.frames,
      kept(this.frames, [...layout.frames.keys()], group => this.frame(group, layout.frames))
    );
    this.drawLines(layout.lines, seen);
    const boxes = new Map(nodes.map(([node, box]) => [node.name, { node, box }]));
    arrange(
      this.layers.cards,
      kept(this.cards, [...boxes.keys()], name => this.drawCard(name, boxes))
    );
  }

  private frame(group: string, frames: ReadonlyMap<string, Box>): Frame {
    const frame = this.frames.get(group) ?? new Frame(group, this.trans);
    const box = frames.get(group);
    if (box) {
      frame.show(box);
    }
    return frame;
  }

  private drawCard(name: string, boxes: ReadonlyMap<string, { readonly node: GraphNode; readonly box: Box }>): Card {
    const card = this.cards.get(name) ?? new Card(this.trans);
    const found = boxes.get(name);
    if (found) {
      card.show(found.node, found.box);
    }
    card.select(name === this.selected);
    return card;
  }

  private drawLines(points: readonly (readonly Point[])[], seen: (box: Box) => boolean): void {
    const wanted = new Map<string, number>();
    this.data.edges.forEach((edge, index) => {
      if (points[index]?.length && (seen(bounds(points[index])) || this.near(edge))) {
        wanted.set(JSON.stringify([edge.from, edge.to]), index);
      }
    });
    const lines = kept(this.lines, [...wanted.keys()], key => {
      const index = wanted.get(key) ?? 0;
      const line = this.lines.get(key) ?? new Line();
      line.show(this.data.edges[index], points[index], this.orientation, this.labels.get(index));
      line.highlight(this.near(this.data.edges[index]));
      return line;
    });
    arrange(this.layers.lines, lines);
    arrange(
      this.layers.labels,
      lines.map(line => ({ element: line.label }))
    );
  }

  private near(edge: GraphEdge): boolean {
    return edge.from === this.selected || edge.to === this.selected;
  }
}

/** What is drawn for each of `names`, made or kept; what is for no other name is forgotten. */
function kept<Drawn>(known: Map<string, Drawn>, names: readonly string[], draw: (name: string) => Drawn): Drawn[] {
  const drawn = names.map(draw);
  known.clear();
  names.forEach((name, index) => known.set(name, drawn[index]));
  return drawn;
}

function grown(box: Box): Box {
  return { x: box.x - AROUND, y: box.y - AROUND, width: box.width + 2 * AROUND, height: box.height + 2 * AROUND };
}

function bounds(points: readonly Point[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
