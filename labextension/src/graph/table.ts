import { type GraphData, type GraphNode, flows, titleOf } from './model';
import { knownState, look } from './states';
import { arrange, html, set, setText } from './svg';
import { type Translate, statusLine } from './words';

/** What the table tells its owner. */
export interface TableEvents {
  readonly onSelect: (name: string) => void;
  readonly onActivate: (name: string) => void;
}

/** The graph as a table: a row a step, with its state, what it comes after, what it takes and gives. */
export class StepTable {
  readonly element = html('div', 'jp-mlops-graph-table');
  private readonly caption = html('caption', 'jp-mlops-graph-spoken');
  private readonly body = html('tbody', '');
  private readonly rows = new Map<string, Row>();

  constructor(
    private readonly trans: Translate,
    events: TableEvents,
    signal: AbortSignal
  ) {
    const table = html('table', '');
    const head = html('tr', '');
    const titles = [trans('Step'), trans('State'), trans('After'), trans('Inputs'), trans('Outputs')];
    head.append(...titles.map(title => html('th', '', { scope: 'col' }, title)));
    const top = html('thead', '');
    top.append(head);
    table.append(this.caption, top, this.body);
    this.element.append(table);
    this.listen(events, signal);
  }

  /** Shows the steps of a graph; rows of steps that stay are kept. */
  show(data: GraphData, selected: string | null): void {
    setText(this.caption, this.trans('Steps of %1', data.name));
    const flow = flows(data);
    const title = new Map(data.nodes.map(node => [node.name, titleOf(node)]));
    const rows = data.nodes.map(node => {
      const row = this.rows.get(node.name) ?? new Row();
      const { after, inputs, outputs } = flow.get(node.name) ?? { after: [], inputs: [], outputs: [] };
      row.show(node, statusLine(node, this.trans), [after.map(name => title.get(name) ?? name), inputs, outputs]);
      row.select(node.name === selected);
      return row;
    });
    this.rows.clear();
    data.nodes.forEach((node, index) => this.rows.set(node.name, rows[index]));
    arrange(this.body, rows);
  }

  /** Moves the keyboard's focus to a step. */
  focus(name: string): void {
    this.rows.get(name)?.button.focus();
  }

  private listen(events: TableEvents, signal: AbortSignal): void {
    const step = (event: Event): string | undefined =>
      event.target instanceof Element ? event.target.closest('tr')?.dataset['step'] : undefined;
    const on = <Type extends 'click' | 'dblclick' | 'keydown'>(
      type: Type,
      act: (name: string, event: HTMLElementEventMap[Type]) => void
    ): void =>
      this.body.addEventListener(
        type,
        event => {
          const name = step(event);
          if (name !== undefined) {
            act(name, event);
          }
        },
        { signal }
      );
    on('click', name => events.onSelect(name));
    on('dblclick', name => events.onActivate(name));
    on('keydown', (name, event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        event.stopPropagation();
        events.onActivate(name);
      }
    });
  }
}

class Row {
  readonly element = html('tr', '');
  readonly button = html('button', 'jp-mlops-graph-step', { type: 'button' });
  private readonly icon = html('span', 'jp-mlops-graph-state', { 'aria-hidden': 'true' });
  private readonly state = html('span', '');
  private readonly cells = [html('td', ''), html('td', ''), html('td', '')];

  constructor() {
    const name = html('th', '', { scope: 'row' });
    name.append(this.button);
    const state = html('td', '');
    state.append(this.icon, this.state);
    this.element.append(name, state, ...this.cells);
  }

  show(node: GraphNode, status: string, lists: readonly (readonly string[])[]): void {
    set(this.element, { 'data-step': node.name, 'data-state': node.state });
    setText(this.button, titleOf(node));
    set(this.icon, { 'data-look': knownState(node.state) || 'plain' });
    setText(this.icon, node.state === '' ? '' : look(node.state).icon);
    setText(this.state, status || '–');
    this.cells.forEach((cell, index) => setText(cell, lists[index].join(', ') || '–'));
  }

  select(selected: boolean): void {
    set(this.button, { 'aria-pressed': String(selected) });
    this.element.classList.toggle('jp-mod-selected', selected);
  }
}
