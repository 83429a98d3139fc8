import { type FlatBox, type FlatEdge, type FlatLayout, layFlat, simplified } from './flat';
import type { Box, Layout, Link, Orientation, Placed, Point, Spacing } from './geometry';
import { framedGroups } from './frames';
import { ranksOf } from './layers';

const SPACING: Spacing = { gap: 28, lane: 16, rank: 48, frame: 18, port: 22, title: 26 };
/** Ranks that stand side by side leave room for the names on their edges. */
const BESIDE: Spacing = { ...SPACING, gap: 20, rank: 132, port: 26 };

/** Lays a graph out in ranks; deterministic, and the order given decides where nothing else does. */
export function layOut(boxes: readonly Placed[], edges: readonly Link[], orientation: Orientation = 'down'): Layout {
  if (orientation === 'down') {
    return new Assembly(boxes, edges, SPACING, [SPACING.frame, SPACING.frame + SPACING.title]).layout();
  }
  const turned = boxes.map(box => ({ ...box, width: box.height, height: box.width }));
  return transposed(new Assembly(turned, edges, BESIDE, [BESIDE.frame + BESIDE.title, BESIDE.frame]).layout());
}

/** One side of a frame: its boxes, the ports its edges go through, and where they are within it. */
interface Inner {
  readonly flat: FlatLayout;
  readonly number: ReadonlyMap<string, number>;
  /** Which line of `flat` joins two numbers, by `from,to`. */
  readonly line: ReadonlyMap<string, number>;
}

/** Lays out the inside of each frame, then the frames among the other boxes, and joins the lines at the frames' ports. */
class Assembly {
  private readonly member: ReadonlyMap<string, string>;
  private readonly known: readonly Link[];
  private readonly inner = new Map<string, Inner>();

  constructor(
    private readonly boxes: readonly Placed[],
    private readonly asked: readonly Link[],
    private readonly spacing: Spacing,
    private readonly corner: Point
  ) {
    const names = new Set(boxes.map(box => box.name));
    this.known = asked.filter(edge => names.has(edge.from) && names.has(edge.to) && edge.from !== edge.to);
    const framed = framedGroups(boxes, this.known);
    this.member = new Map(boxes.map(box => [box.name, framed.has(box.group ?? '') ? (box.group ?? '') : '']));
    framed.forEach(group => this.inner.set(group, this.layInside(group)));
  }

  layout(): Layout {
    const number = new Map<string, number>();
    const outer: FlatBox[] = [];
    for (const box of this.boxes) {
      const vertex = this.vertex(box.name);
      if (!number.has(vertex)) {
        number.set(vertex, outer.length);
        outer.push(this.outerBox(box));
      }
    }
    const order = [...this.known.filter(edge => this.vertex(edge.from) !== this.vertex(edge.to)), ...this.toTheEnd()];
    const flat = layFlat(
      outer,
      order.map(edge => this.outerEdge(edge, number)),
      this.spacing
    );
    const frames = new Map([...this.inner.keys()].map(group => [group, flat.boxes[number.get(frameKey(group)) ?? 0]]));
    const between = new Map(order.map((edge, index) => [edge, flat.lines[index]]));
    const known = new Set(this.known);
    return {
      boxes: new Map(this.boxes.map(box => [box.name, this.boxOf(box.name, flat, number, frames)])),
      frames,
      lines: this.asked.map(edge => (known.has(edge) ? this.line(edge, between, frames) : [])),
      width: flat.width,
      height: flat.height
    };
  }

  /** The members of a group with a port for each outer step that feeds it and each member that feeds outside. */
  private layInside(group: string): Inner {
    const number = new Map<string, number>();
    const flat: FlatBox[] = [];
    const add = (key: string, box: FlatBox): number => {
      const known = number.get(key);
      if (known !== undefined) {
        return known;
      }
      number.set(key, flat.length);
      return flat.push(box) - 1;
    };
    for (const box of this.boxes) {
      if (this.member.get(box.name) === group) {
        add(box.name, { width: box.width, height: box.height });
      }
    }
    const port = (pin: 'first' | 'last'): FlatBox => ({ width: 2, height: 0, pin });
    const edges: FlatEdge[] = [];
    for (const edge of this.known) {
      const [a, b] = [this.member.get(edge.from) === group, this.member.get(edge.to) === group];
      if (a || b) {
        const from = a ? add(edge.from, port('first')) : add(entryKey(edge.from), port('first'));
        const to = b ? add(edge.to, port('last')) : add(exitKey(edge.from), port('last'));
        edges.push({ from, to });
      }
    }
    const line = new Map(edges.map((edge, index) => [`${edge.from},${edge.to}`, index]));
    return { flat: layFlat(flat, edges, this.spacing), number, line };
  }

  private vertex(name: string): string {
    const group = this.member.get(name);
    return group ? frameKey(group) : name;
  }

  private outerBox(box: Placed): FlatBox {
    const inside = this.inner.get(this.member.get(box.name) ?? '');
    if (!inside) {
      return { width: box.width, height: box.height };
    }
    const { frame } = this.spacing;
    const [left, top] = this.corner;
    return { width: inside.flat.width + left + frame, height: inside.flat.height + top + frame };
  }

  private outerEdge(edge: Link, number: ReadonlyMap<string, number>): FlatEdge {
    return {
      from: number.get(this.vertex(edge.from)) ?? 0,
      to: number.get(this.vertex(edge.to)) ?? 0,
      leaves: this.port(edge.from, exitKey(edge.from)),
      enters: this.port(edge.to, entryKey(edge.from))
    };
  }

  /** Where a port is, measured from the left of the frame that `name` stands in; undefined without a frame. */
  private port(name: string, key: string): number | undefined {
    const inside = this.inner.get(this.member.get(name) ?? '');
    const port = inside?.number.get(key);
    return inside && port !== undefined ? this.corner[0] + inside.flat.boxes[port].x + 1 : undefined;
  }

  /** Edges that are not drawn, from the lowest rank of all others to the steps that run at the end. */
  private toTheEnd(): Link[] {
    const last = this.boxes.filter(box => box.last && !this.member.get(box.name)).map(box => box.name);
    if (!last.length) {
      return [];
    }
    const number = new Map<string, number>();
    const others = this.boxes.filter(box => !last.includes(box.name));
    others.forEach(box => number.set(this.vertex(box.name), number.get(this.vertex(box.name)) ?? number.size));
    const pairs = this.known.flatMap(edge => {
      const [from, to] = [number.get(this.vertex(edge.from)), number.get(this.vertex(edge.to))];
      return from !== undefined && to !== undefined ? [[from, to] as const] : [];
    });
    const rank = ranksOf(number.size, pairs);
    const rankOf = (box: Placed): number => rank[number.get(this.vertex(box.name)) ?? 0];
    const lowest = others.reduce((most, box) => Math.max(most, rankOf(box)), 0);
    const ends = others.filter(box => rankOf(box) === lowest);
    return ends.flatMap(end => last.map(to => ({ from: end.name, to })));
  }

  private boxOf(
    name: string,
    flat: FlatLayout,
    number: ReadonlyMap<string, number>,
    frames: ReadonlyMap<string, Box>
  ): Box {
    const group = this.member.get(name) ?? '';
    const [inside, frame] = [this.inner.get(group), frames.get(group)];
    if (!inside || !frame) {
      return flat.boxes[number.get(name) ?? 0];
    }
    const box = inside.flat.boxes[inside.number.get(name) ?? 0];
    return { ...box, x: box.x + frame.x + this.corner[0], y: box.y + frame.y + this.corner[1] };
  }

  private line(edge: Link, between: ReadonlyMap<Link, readonly Point[]>, frames: ReadonlyMap<string, Box>): Point[] {
    const [a, b] = [this.member.get(edge.from) ?? '', this.member.get(edge.to) ?? ''];
    if (a && a === b) {
      return this.within(a, edge.from, edge.to, frames);
    }
    return simplified([
      ...(a ? this.within(a, edge.from, exitKey(edge.from), frames) : []),
      ...(between.get(edge) ?? []),
      ...(b ? this.within(b, entryKey(edge.from), edge.to, frames) : [])
    ]);
  }

  private within(group: string, from: string, to: string, frames: ReadonlyMap<string, Box>): Point[] {
    const [inside, frame] = [this.inner.get(group), frames.get(group)];
    if (!inside || !frame) {
      return [];
    }
    const index = inside.line.get(`${inside.number.get(from)},${inside.number.get(to)}`) ?? 0;
    const [right, down] = [frame.x + this.corner[0], frame.y + this.corner[1]];
    return (inside.flat.lines[index] ?? []).map(([x, y]): Point => [x + right, y + down]);
  }
}

/** Keys of what is not a box of its own: no name of a step starts like this. */
const frameKey = (group: string): string => `\0frame ${group}`;
const entryKey = (source: string): string => `\0from ${source}`;
const exitKey = (source: string): string => `\0to ${source}`;

function transposed(layout: Layout): Layout {
  const box = (old: Box): Box => ({ x: old.y, y: old.x, width: old.height, height: old.width });
  const boxes = (map: ReadonlyMap<string, Box>): Map<string, Box> =>
    new Map([...map].map(([name, old]) => [name, box(old)]));
  return {
    boxes: boxes(layout.boxes),
    frames: boxes(layout.frames),
    lines: layout.lines.map(line => line.map(([x, y]): Point => [y, x])),
    width: layout.height,
    height: layout.width
  };
}
