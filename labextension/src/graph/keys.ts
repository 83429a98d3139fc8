import type { Box, Layout, Orientation } from './layout/geometry';
import { type GraphData, titleOf } from './model';

/** Where the keys lead from each step. */
export interface Ways {
  /** The step that a key leads to from another; undefined where the key leads nowhere, null where it means nothing here. */
  lead(from: string, key: string): string | undefined | null;
  /** The step to begin with. */
  readonly first: string | undefined;
}

type Move = 'next' | 'back' | 'before' | 'after';

const MOVES: Readonly<Record<Orientation, Readonly<Record<string, Move>>>> = {
  down: { ArrowDown: 'next', ArrowUp: 'back', ArrowLeft: 'before', ArrowRight: 'after' },
  right: { ArrowRight: 'next', ArrowLeft: 'back', ArrowUp: 'before', ArrowDown: 'after' }
};

/** The ways through a drawn graph: along edges, among the steps beside, to the ends and by letter. */
export function waysOf(data: GraphData, layout: Layout, orientation: Orientation): Ways {
  const order = readingOrder(data, layout, orientation);
  const title = new Map(data.nodes.map(node => [node.name, titleOf(node).toLowerCase()]));
  const moves: Readonly<Record<Move, (from: string) => string | undefined>> = {
    next: from =>
      nearest(
        from,
        data.edges.filter(edge => edge.from === from).map(edge => edge.to),
        layout,
        orientation
      ),
    back: from =>
      nearest(
        from,
        data.edges.filter(edge => edge.to === from).map(edge => edge.from),
        layout,
        orientation
      ),
    before: from => beside(from, -1, layout, orientation),
    after: from => beside(from, 1, layout, orientation)
  };
  const lead = (from: string, key: string): string | undefined | null => {
    const move = MOVES[orientation][key];
    if (move) {
      return moves[move](from);
    }
    if (key === 'Home' || key === 'End') {
      return order[key === 'Home' ? 0 : order.length - 1];
    }
    return /^[\p{L}\p{N}_]$/u.test(key) ? byLetter(order, title, from, key.toLowerCase()) : null;
  };
  return { lead, first: order[0] };
}

/** From the first to the last rank, and across each. */
function readingOrder(data: GraphData, layout: Layout, orientation: Orientation): string[] {
  const at = (name: string): Box => layout.boxes.get(name) ?? { x: 0, y: 0, width: 0, height: 0 };
  const [along, across]: ['x' | 'y', 'x' | 'y'] = orientation === 'down' ? ['y', 'x'] : ['x', 'y'];
  return data.nodes.map(node => node.name).sort((a, b) => at(a)[along] - at(b)[along] || at(a)[across] - at(b)[across]);
}

function byLetter(
  order: readonly string[],
  title: ReadonlyMap<string, string>,
  from: string,
  letter: string
): string | undefined {
  const start = order.indexOf(from) + 1;
  return [...order.slice(start), ...order.slice(0, start)].find(name => title.get(name)?.startsWith(letter));
}

/** The one that stands most nearly in line. */
function nearest(from: string, names: readonly string[], layout: Layout, orientation: Orientation): string | undefined {
  const centre = (name: string): number => {
    const box = layout.boxes.get(name);
    return !box ? Infinity : orientation === 'down' ? box.x + box.width / 2 : box.y + box.height / 2;
  };
  return [...names]
    .filter(name => layout.boxes.has(name))
    .sort((a, b) => Math.abs(centre(a) - centre(from)) - Math.abs(centre(b) - centre(from)))[0];
}

/** The next step to one side among those whose ranks overlap. */
function beside(from: string, side: 1 | -1, layout: Layout, orientation: Orientation): string | undefined {
  const own = layout.boxes.get(from);
  if (!own) {
    return undefined;
  }
  const [along, length, across]: ['x' | 'y', 'width' | 'height', 'x' | 'y'] =
    orientation === 'down' ? ['y', 'height', 'x'] : ['x', 'width', 'y'];
  let found: string | undefined;
  let least = Infinity;
  for (const [name, box] of layout.boxes) {
    const away = (box[across] - own[across]) * side;
    const level = box[along] < own[along] + own[length] && own[along] < box[along] + box[length];
    if (away > 0 && away < least && level) {
      [found, least] = [name, away];
    }
  }
  return found;
}
