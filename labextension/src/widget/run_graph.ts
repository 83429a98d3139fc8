import {
  type GraphData,
  type GraphNode,
  type MountedGraph,
  look,
  mountGraph,
  statusLine,
  untranslated
} from '../graph';
import { html, set, setText } from '../graph/svg';

/** The line above the graph. */
interface Headline {
  readonly state: string;
  readonly text: string;
}

/** What Python sends: the graph once, then only what changes of its steps. */
export interface RunGraphState {
  readonly data: GraphData;
  readonly changes: Readonly<Record<string, Partial<GraphNode>>>;
  readonly headline: Headline;
  readonly selected: string;
}

type Key = keyof RunGraphState;

/** The part of anywidget's model that is used here. */
export interface RunGraphModel {
  get<Name extends Key>(name: Name): RunGraphState[Name];
  set<Name extends Key>(name: Name, value: RunGraphState[Name]): void;
  save_changes(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

/** Shows a run in `el` and follows its model; what it returns ends both. */
export function render({ model, el }: { model: RunGraphModel; el: HTMLElement }): () => void {
  const shown = new RunGraphView(model, el);
  return () => shown.dispose();
}

class RunGraphView {
  private readonly root = html('div', 'jp-mlops-run-graph');
  private readonly icon = html('span', 'jp-mlops-graph-state', { 'aria-hidden': 'true' });
  private readonly headline = html('span', '');
  private readonly details = html('div', 'jp-mlops-run-graph-details');
  private readonly graph: MountedGraph;
  private readonly listeners: Readonly<Record<string, () => void>>;

  constructor(
    private readonly model: RunGraphModel,
    el: HTMLElement
  ) {
    const top = html('div', 'jp-mlops-run-graph-headline');
    const place = html('div', '');
    place.style.display = 'contents';
    top.append(this.icon, this.headline);
    this.root.append(top, place, this.details);
    el.append(this.root);
    this.graph = mountGraph(place, this.data(), { onSelect: name => this.choose(name), ownsKeys: true });
    const showData = (): void => this.showData();
    this.listeners = {
      'change:data': showData,
      'change:changes': showData,
      'change:headline': () => this.showHeadline(),
      'change:selected': () => this.showSelected()
    };
    Object.entries(this.listeners).forEach(([event, listener]) => model.on(event, listener));
    this.showHeadline();
    this.showSelected();
  }

  dispose(): void {
    Object.entries(this.listeners).forEach(([event, listener]) => this.model.off(event, listener));
    this.graph.dispose();
    this.root.remove();
  }

  private data(): GraphData {
    const data = this.model.get('data');
    const changes = new Map(Object.entries(this.model.get('changes')));
    return { ...data, nodes: data.nodes.map(node => ({ ...node, ...changes.get(node.name) })) };
  }

  private showData(): void {
    this.graph.update(this.data());
    this.showDetails();
  }

  private showHeadline(): void {
    const { state, text } = this.model.get('headline');
    set(this.icon, { 'data-look': state || 'plain' });
    setText(this.icon, state ? look(state).icon : '');
    setText(this.headline, text);
  }

  private choose(name: string | null): void {
    this.model.set('selected', name ?? '');
    this.model.save_changes();
    this.showDetails();
  }

  private showSelected(): void {
    this.graph.select(this.model.get('selected') || null);
    this.showDetails();
  }

  /** What there is to say of the chosen step stays below the graph. */
  private showDetails(): void {
    const name = this.model.get('selected');
    const node = this.data().nodes.find(each => each.name === name);
    const lines = node ? [`${node.name}: ${statusLine(node, untranslated)}`, node.details] : [];
    setText(this.details, lines.filter(line => line !== '').join('\n'));
  }
}

export default { render };
