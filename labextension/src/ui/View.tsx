import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ErrorBoundary } from './ErrorBoundary';

/** A Lumino widget around a React component: with an id, a name for screen readers, and a place for its faults. */
export class View extends ReactWidget {
  constructor(
    private _draw: () => React.ReactElement,
    private _trans: TranslationBundle,
    options: { id: string; label: string; className: string; testid: string }
  ) {
    super();
    this.id = options.id;
    this.addClass('jp-mlops-View');
    this.addClass(options.className);
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', options.label);
    this.node.dataset.testid = options.testid;
    this.node.tabIndex = -1;
  }

  /** Who shows it by a command goes on in it with the keyboard. */
  protected override onActivateRequest(): void {
    if (!this.node.contains(document.activeElement)) {
      this.node.focus();
    }
  }

  protected override render(): React.ReactElement {
    return <ErrorBoundary trans={this._trans}>{React.createElement(this._draw)}</ErrorBoundary>;
  }
}
