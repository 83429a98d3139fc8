import { html, setText, svg } from './svg';
import type { Translate } from './words';

/** How the steps are shown. */
export type View = 'graph' | 'table';

/** What the buttons do. */
export interface ToolbarActions {
  readonly zoomIn: () => void;
  readonly zoomOut: () => void;
  readonly fit: () => void;
  readonly switchView: () => void;
}

/** The row above the graph: how far it is, zoom, and the table. */
export class Toolbar {
  readonly element: HTMLElement;
  private readonly summary = html('span', 'jp-mlops-graph-summary');
  private readonly zoom = html('span', 'jp-mlops-graph-zoom');
  private readonly view: HTMLButtonElement;

  constructor(
    private readonly trans: Translate,
    actions: ToolbarActions,
    signal: AbortSignal
  ) {
    this.element = html('div', 'jp-mlops-graph-toolbar', { role: 'toolbar', 'aria-label': trans('View') });
    this.zoom.append(
      button('M4 8h8', trans('Zoom out'), actions.zoomOut, signal),
      button('M4 8h8M8 4v8', trans('Zoom in'), actions.zoomIn, signal),
      button('M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3', trans('Fit'), actions.fit, signal)
    );
    this.view = html('button', 'jp-mlops-graph-button', { type: 'button', 'data-testid': 'mlops-graph-view' });
    this.view.addEventListener('click', actions.switchView, { signal });
    this.element.append(this.summary, this.zoom, this.view);
  }

  /** Says what is shown, and offers the other view. */
  show(summary: string, view: View): void {
    setText(this.summary, summary);
    this.zoom.hidden = view === 'table';
    setText(this.view, view === 'graph' ? this.trans('Table') : this.trans('Graph'));
  }
}

function button(path: string, label: string, act: () => void, signal: AbortSignal): HTMLButtonElement {
  const made = html('button', 'jp-mlops-graph-button', { type: 'button', 'aria-label': label, title: label });
  const icon = svg('svg', { width: 16, height: 16, viewBox: '0 0 16 16', 'aria-hidden': 'true' });
  icon.append(svg('path', { d: path }));
  made.append(icon);
  made.addEventListener('click', act, { signal });
  return made;
}
