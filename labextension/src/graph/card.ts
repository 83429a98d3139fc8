import type { Box } from './layout/geometry';
import { fitting } from './measure';
import { type GraphNode, titleOf } from './model';
import { knownState, look } from './states';
import { set, setText, svg } from './svg';
import { type Translate, spoken, statusLine } from './words';

/** The size of a card, in pixels. */
export const CARD = { height: 52, narrowest: 196, widest: 248 } as const;

const NAME = 13;
/** How much wider the same text is in bold. */
const BOLD = 1.08;
const MORE = 11.5;
const TEXT_LEFT = 46;
const RADIUS = 9;
const BAR_LEFT = 46;

/** Paths in a square of 16 for what a step is. */
const KINDS = {
  loop: 'M12.2 8a4.2 4.2 0 1 1-1.3-3M12.4 2.8v2.6H9.8',
  when: 'M8 2.6 13.4 8 8 13.4 2.6 8ZM8 5.6v3.2M8 10.9v.02',
  exit: 'M5 13.2V3.4h6.2L9.6 5.9l1.6 2.5H5',
  group: 'M3.8 6.2h6v6h-6ZM6.4 6V3.8h5.8v5.8H10',
  step: 'M6.6 4.8 9.8 8l-3.2 3.2'
} as const;

/** A step's card. It stays the same element while its step is there. */
export class Card {
  readonly element = svg('g', {
    class: 'jp-mlops-graph-node',
    role: 'button',
    tabindex: -1,
    'data-testid': 'mlops-node'
  });
  private readonly stack = svg('rect', { class: 'jp-mlops-graph-stack', x: 5, y: 5, rx: RADIUS });
  private readonly ring = svg('rect', { class: 'jp-mlops-graph-ring', x: -3.5, y: -3.5, rx: RADIUS + 3.5 });
  private readonly shade = svg('rect', { class: 'jp-mlops-graph-shade', x: 0, y: 1.5, rx: RADIUS });
  private readonly card = svg('rect', { class: 'jp-mlops-graph-card', rx: RADIUS });
  private readonly mark = new Mark();
  private readonly name = svg('text', { class: 'jp-mlops-graph-name', x: TEXT_LEFT, 'font-size': NAME });
  private readonly more = svg('text', { class: 'jp-mlops-graph-more', x: TEXT_LEFT, 'font-size': MORE });
  private readonly extras = svg('g', { 'aria-hidden': 'true' });
  private drawn = '';
  private shown: { readonly node: GraphNode; readonly box: Box } | undefined;

  constructor(private readonly trans: Translate) {
    this.element.append(
      this.stack,
      this.ring,
      this.shade,
      this.card,
      this.mark.element,
      this.name,
      this.more,
      this.extras
    );
  }

  /** Shows a step at a place; only what differs is touched. */
  show(node: GraphNode, box: Box): void {
    if (this.shown?.node === node && this.shown.box === box) {
      return;
    }
    this.shown = { node, box };
    const { width, height } = box;
    set(this.element, {
      transform: `translate(${box.x} ${box.y})`,
      'data-step': node.name,
      'data-state': node.state,
      'aria-label': spoken(node, this.trans)
    });
    this.element.classList.toggle('jp-mod-conditional', Boolean(node.when));
    if (node.kind === 'group') {
      set(this.element, { 'aria-expanded': 'false' });
    }
    for (const rect of [this.stack, this.shade, this.card]) {
      set(rect, { width, height });
    }
    set(this.ring, { width: width + 7, height: height + 7 });
    set(this.stack, { visibility: node.loop || node.kind === 'group' ? 'visible' : 'hidden' });
    const bar = node.items && node.state !== '' ? 3 : 0;
    this.mark.show(node, height / 2);
    const status = statusLine(node, this.trans);
    set(this.name, { y: height / 2 + (status ? -4 - bar : 4.5) });
    set(this.more, { y: height / 2 + 13 - bar });
    const tags = tagsOf(node);
    setText(this.name, fitting(titleOf(node), NAME * BOLD, width - TEXT_LEFT - 10 - tags.length * 16));
    setText(this.more, fitting(status, MORE, width - TEXT_LEFT - 10));
    this.showExtras(node, tags, box);
  }

  /** Marks the card as the chosen one. */
  select(selected: boolean): void {
    set(this.element, { 'aria-pressed': String(selected) });
  }

  private showExtras(node: GraphNode, tags: readonly string[], box: Box): void {
    const wanted = JSON.stringify([tags, node.items, node.badge, box.width, box.height]);
    if (wanted === this.drawn) {
      return;
    }
    this.drawn = wanted;
    this.extras.replaceChildren(
      ...tags.map((path, index) => tag(path, box.width - 24 - index * 16)),
      ...(node.items && node.state !== '' ? bar(node.items, box) : []),
      ...(node.badge ? [badge(node.badge.text, node.badge.severity, box.width)] : [])
    );
  }
}

/** The round mark at the left: the state's icon, or what the step is. */
class Mark {
  readonly element = svg('g', { class: 'jp-mlops-graph-mark', 'aria-hidden': 'true' });
  private readonly path = svg('path', { class: 'jp-mlops-graph-icon' });

  constructor() {
    this.element.append(
      svg('circle', { class: 'jp-mlops-graph-dot', r: 12 }),
      svg('circle', { class: 'jp-mlops-graph-turning', r: 12 }),
      this.path
    );
  }

  show(node: GraphNode, middle: number): void {
    const shown = look(node.state);
    const path = node.state === '' ? KINDS[kindOf(node)] : shown.path;
    const stroked = node.state === '' || shown.stroked;
    set(this.element, { transform: `translate(24 ${middle})`, 'data-look': knownState(node.state) || 'plain' });
    set(this.path, { d: path, transform: 'translate(-8 -8)', 'data-stroked': String(stroked) });
  }
}

function kindOf(node: GraphNode): keyof typeof KINDS {
  if (node.kind === 'group') {
    return 'group';
  }
  if (node.loop) {
    return 'loop';
  }
  if (node.when) {
    return 'when';
  }
  return node.exit ? 'exit' : 'step';
}

/** What a step is besides its state: a loop, a condition, the end. Without a state the mark tells the first. */
function tagsOf(node: GraphNode): string[] {
  const tags = [node.loop ? KINDS.loop : '', node.when ? KINDS.when : '', node.exit ? KINDS.exit : ''].filter(
    path => path !== ''
  );
  return node.state === '' ? tags.slice(1) : tags;
}

function tag(path: string, x: number): SVGPathElement {
  return svg('path', { class: 'jp-mlops-graph-tag', d: path, transform: `translate(${x} 7) scale(.95)` });
}

/** A thin bar along the lower side with a piece for each state, as long as its share. */
function bar(items: Readonly<Record<string, number>>, box: Box): SVGElement[] {
  const all = Object.values(items).reduce((sum, count) => sum + count, 0);
  const length = box.width - BAR_LEFT - 12;
  const y = box.height - 11;
  const track = svg('rect', { class: 'jp-mlops-graph-track', x: BAR_LEFT, y, width: length, height: 4, rx: 2 });
  let x = BAR_LEFT;
  const pieces = BAR_ORDER.filter(state => items[state]).map(state => {
    const width = (length * items[state]) / all;
    const piece = svg('rect', {
      class: 'jp-mlops-graph-piece',
      'data-look': state,
      x,
      y,
      width: Math.max(width - 1, 1),
      height: 4,
      rx: 1.5
    });
    x += width;
    return piece;
  });
  return [track, ...pieces];
}

/** What is over first, what is to come last; what is pending is the empty track. */
const BAR_ORDER: readonly string[] = ['succeeded', 'cached', 'skipped', 'failed', 'canceled', 'running'];

function badge(text: string, severity: string, width: number): SVGGElement {
  const sign = severity === 'error' ? '✕' : severity === 'warning' ? '!' : 'i';
  const label = `${sign} ${text}`;
  const wide = Math.max(26, 14 + label.length * 6);
  const made = svg('g', {
    class: 'jp-mlops-graph-badge',
    'data-severity': severity,
    transform: `translate(${width - wide + 8} -9)`
  });
  made.append(
    svg('rect', { width: wide, height: 18, rx: 9 }),
    svg('text', { x: wide / 2, y: 12.8, 'font-size': 10.5, 'text-anchor': 'middle' }, label)
  );
  return made;
}
