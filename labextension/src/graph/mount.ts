import { Camera } from './camera';
import { collapsed, collapsibleGroups, groupNode, groupOf } from './collapse';
import { type GestureEvents, type Pointed, listen } from './gestures';
import type { Label } from './labels';
import type { Orientation } from './layout/geometry';
import type { GraphData, GraphNode } from './model';
import type { GraphOptions, MountedGraph } from './options';
import { Scene } from './scene';
import { type Shape, labelsOf, shapeOf, structure } from './shape';
import { countStates, progress } from './states';
import { html, set, setText } from './svg';
import { StepTable } from './table';
import { Tip } from './tip';
import { aboutEdge, aboutStep } from './tipTexts';
import { Toolbar, type View } from './toolbar';
import { type Translate, announcement, graphLabel, stepsLine, untranslated } from './words';

/** Shows a graph in `host`: as a drawing, or as a table with the same content. */
export function mountGraph(host: HTMLElement, data: GraphData, options: GraphOptions = {}): MountedGraph {
  return new Mounted(host, data, options);
}

let mountedBefore = 0;

class Mounted implements MountedGraph {
  private readonly trans: Translate;
  private readonly orientation: Orientation;
  private readonly over = new AbortController();
  private readonly root = html('div', 'jp-mlops-graph', { 'data-testid': 'mlops-graph' });
  private readonly scroll = html('div', 'jp-mlops-graph-scroll');
  private readonly news = html('div', 'jp-mlops-graph-spoken', { 'aria-live': 'polite' });
  private readonly scene: Scene;
  private readonly camera: Camera;
  private readonly toolbar: Toolbar;
  private readonly table: StepTable;
  private readonly tip: Tip;
  private readonly closed: Set<string>;
  private view: View;
  private shown: GraphData;
  private shape: Shape;
  private structure = '';
  private selected: string | null = null;
  private current: string | null = null;
  private told: string | null = null;

  constructor(
    host: HTMLElement,
    private data: GraphData,
    private readonly options: GraphOptions
  ) {
    const { signal } = this.over;
    this.trans = options.trans ?? untranslated;
    this.orientation = options.orientation ?? 'down';
    this.view = options.view ?? 'graph';
    this.closed = new Set(options.closed);
    this.scene = new Scene(this.orientation, this.trans);
    this.camera = new Camera(this.scroll, this.scene.element, this.orientation, () => this.lookAround(), signal);
    this.toolbar = new Toolbar(this.trans, this.toolbarActions(), signal);
    this.table = new StepTable(
      this.trans,
      { onSelect: name => this.choose(name), onActivate: name => this.open(name) },
      signal
    );
    this.tip = new Tip(rest => this.trans('%1 more', String(rest)), signal);
    this.tip.element.id = `jp-mlops-graph-tip-${++mountedBefore}`;
    this.scroll.append(this.scene.element);
    this.root.append(this.toolbar.element, this.scroll, this.table.element, this.tip.element, this.news);
    set(this.root, { 'data-orientation': this.orientation });
    if (options.ownsKeys) {
      set(this.root, { 'data-lm-suppress-shortcuts': 'true' });
    }
    listen(this.scene.element, this.gestures(), signal);
    host.append(this.root);
    this.shown = collapsed(data, this.closed);
    this.shape = shapeOf(this.shown, this.orientation);
    this.show();
  }

  update(data: GraphData): void {
    const before = this.data;
    this.data = data;
    this.show();
    const said = announcement(before, data, this.trans);
    if (said) {
      setText(this.news, said);
    }
  }

  select(name: string | null): void {
    this.selected = name;
    if (name !== null && this.has(name)) {
      this.roam(name);
    }
    this.scene.select(name, this.labels());
    if (this.view === 'table') {
      this.table.show(this.data, name);
    }
  }

  focus(name: string): void {
    if (this.view === 'table') {
      this.table.focus(name);
      return;
    }
    const group = this.data.nodes.find(node => node.name === name)?.group ?? '';
    if (!this.has(name) && this.closed.has(group)) {
      this.toggle(group);
    }
    this.goTo(name);
    this.hideTip();
  }

  dispose(): void {
    this.over.abort();
    this.root.remove();
  }

  /** Brings the screen up to the data, the closed groups and the view. */
  private show(): void {
    const focused = this.scene.element.contains(document.activeElement);
    this.shown = collapsed(this.data, this.closed);
    const now = structure(this.shown);
    const moved = now !== this.structure;
    if (moved) {
      // What it tells of may be gone, or elsewhere.
      this.hideTip();
      this.structure = now;
      this.shape = shapeOf(this.shown, this.orientation);
      const { layout, ways } = this.shape;
      this.camera.setSize(layout.width, layout.height, layout.boxes.get(ways.first ?? ''));
    }
    set(this.scene.element, { 'aria-label': graphLabel(this.data, this.trans) });
    this.scene.look(this.camera.view(), [this.current, this.selected]);
    this.scene.show(this.shown, { ...this.shape, labels: this.labels() });
    this.showView();
    if (moved) {
      this.roam(this.has(this.current) ? this.current : (this.shape.ways.first ?? null));
    }
    if (focused && !this.scene.element.contains(document.activeElement) && this.current !== null) {
      this.goTo(this.current);
    }
  }

  private showView(): void {
    const graph = this.view === 'graph';
    this.scroll.hidden = !graph;
    this.table.element.hidden = graph;
    if (!graph) {
      this.table.show(this.data, this.selected);
    }
    const { nodes } = this.data;
    const { done, all } = progress(countStates(nodes.map(node => node.state)));
    const text = all
      ? this.trans('%1 of %2 steps done', String(done), String(all))
      : stepsLine(nodes.length, this.trans);
    this.toolbar.show(text, this.view);
    set(this.root, { 'data-view': this.view });
  }

  private switchView(): void {
    this.view = this.view === 'graph' ? 'table' : 'graph';
    this.hideTip();
    this.showView();
    this.options.onView?.(this.view);
  }

  /** Labels of all edges, or of the chosen step's where all would be too many. */
  private labels(): ReadonlyMap<number, Label> {
    const { labels, layout } = this.shape;
    return labels.size || this.selected === null
      ? labels
      : labelsOf(this.shown, layout, this.orientation, this.selected);
  }

  private lookAround(): void {
    this.scene.look(this.camera.view(), [this.current, this.selected]);
  }

  private has(name: string | null): boolean {
    return name !== null && this.shape.layout.boxes.has(name);
  }

  private node(name: string): GraphNode | undefined {
    return this.shown.nodes.find(node => node.name === name);
  }

  /** Makes a step the one that Tab leads to. */
  private roam(name: string | null): void {
    if (this.current !== null && this.current !== name) {
      const before = this.scene.card(this.current);
      before?.element.setAttribute('tabindex', '-1');
    }
    this.current = name;
    if (name !== null) {
      this.lookAround();
      this.scene.card(name)?.element.setAttribute('tabindex', '0');
    }
  }

  private goTo(name: string): void {
    const box = this.shape.layout.boxes.get(name);
    if (box) {
      this.roam(name);
      this.camera.reveal(box);
      this.scene.card(name)?.element.focus({ preventScroll: true });
    }
  }

  private choose(name: string | null): void {
    const group = name === null ? undefined : this.groupOf(name);
    if (group !== undefined) {
      this.toggle(group);
    } else if (name !== this.selected) {
      this.select(name);
      this.options.onSelect?.(name);
    }
  }

  private open(name: string): void {
    const group = this.groupOf(name);
    if (group !== undefined) {
      this.toggle(group);
    } else {
      this.options.onActivate?.(name);
    }
  }

  private groupOf(name: string): string | undefined {
    const node = this.node(name);
    return node && groupOf(node);
  }

  /** Closes an open group or opens a closed one; the focus stays with it. */
  private toggle(group: string): void {
    if (!collapsibleGroups(this.data).includes(group)) {
      return;
    }
    const opening = this.closed.delete(group);
    if (!opening) {
      this.closed.add(group);
    }
    const first = this.data.nodes.find(node => node.group === group)?.name ?? null;
    this.hideTip();
    const focused = this.scene.element.contains(document.activeElement);
    this.show();
    const name = opening ? first : groupNode(group);
    if (focused && name !== null) {
      this.goTo(name);
    }
    this.options.onClosed?.([...this.closed]);
  }

  private toolbarActions(): ConstructorParameters<typeof Toolbar>[1] {
    return {
      zoomIn: () => this.camera.zoomBy(1.25),
      zoomOut: () => this.camera.zoomBy(0.8),
      fit: () => this.camera.fit(),
      switchView: () => this.switchView()
    };
  }

  private gestures(): GestureEvents {
    return {
      onChoose: name => this.clicked(name),
      onOpen: name => this.open(name),
      onMenu: (name, at) => this.menu(name, at),
      onGroup: group => this.toggle(group),
      onCloseAround: name => this.toggle(this.node(name)?.group ?? ''),
      onKey: (name, key) => this.move(name, key),
      onEscape: () => this.escape(),
      onFocus: (name, byKey) => this.focused(name, byKey),
      onPoint: at => this.point(at)
    };
  }

  /** What was just clicked needs no tip: it is told where the choice is shown, and the tip would hide what follows. */
  private clicked(name: string | null): void {
    this.hideTip();
    this.told = name;
    this.choose(name);
  }

  private menu(name: string, at: { readonly x: number; readonly y: number }): boolean {
    const { onMenu } = this.options;
    if (!onMenu || this.groupOf(name) !== undefined) {
      return false;
    }
    this.hideTip();
    onMenu(name, at);
    return true;
  }

  private move(name: string, key: string): boolean {
    const target = this.shape.ways.lead(name, key);
    if (target) {
      this.goTo(target);
    }
    return target !== null;
  }

  private escape(): boolean {
    if (this.tip.open) {
      this.hideTip();
      return true;
    }
    const had = this.selected !== null;
    this.choose(null);
    return had;
  }

  private focused(name: string, byKey: boolean): void {
    this.roam(name);
    if (byKey) {
      this.tellStep(name);
      this.scene.card(name)?.element.setAttribute('aria-describedby', this.tip.element.id);
    }
  }

  private point(at: Pointed | null): void {
    if (at?.kind === 'step' && at.name === this.told) {
      return;
    }
    this.told = null;
    if (at === null) {
      this.tip.hideSoon();
    } else if (at.kind === 'step') {
      this.tip.soon(() => this.tellStep(at.name));
    } else {
      const edge = this.shown.edges.find(each => each.from === at.from && each.to === at.to);
      const { left, top } = this.root.getBoundingClientRect();
      if (edge) {
        const pointed = { x: at.x - left, y: at.y - top, width: 0, height: 8 };
        this.tip.soon(() => this.tip.show(aboutEdge(edge, this.shown, this.trans), pointed));
      }
    }
  }

  private tellStep(name: string): void {
    const [node, box] = [this.node(name), this.shape.layout.boxes.get(name)];
    if (node && box) {
      const { x, y, width, height } = this.camera.onScreen(box);
      this.tip.show(aboutStep(node, this.shown, this.trans), { x, y: y + this.scroll.offsetTop, width, height });
    }
  }

  private hideTip(): void {
    this.tip.hide();
    if (this.current !== null) {
      this.scene.card(this.current)?.element.removeAttribute('aria-describedby');
    }
  }
}
