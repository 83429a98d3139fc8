import { MainAreaWidget } from '@jupyterlab/apputils';
import { ReactWidget, Toolbar, UseSignal } from '@jupyterlab/ui-components';
import { JSONObject } from '@lumino/coreutils';
import * as React from 'react';
import { EventStream } from '../api/stream';
import { Followed, Runs } from '../model/runs';
import { CommandIDs, runArgs } from '../tokens';
import { CommandButton } from '../ui/CommandButton';
import { stateIcon, stateWord } from '../ui/looks';
import { StateMark } from '../ui/marks';
import { View } from '../ui/View';
import { RunView } from './RunView';
import { Selection } from './selection';
import { RunServices } from './services';
import { stateLabIcon } from './stateIcons';

/** What a run's widget works with. */
export interface WidgetServices extends RunServices {
  readonly runs: Runs;
  readonly stream: EventStream;
}

/** A run as a document of the main area. It follows the run as long as it is open. */
export class RunWidget extends MainAreaWidget<View> {
  constructor(private _services: WidgetServices) {
    const { runs, ref, stream, trans } = _services;
    const followed = runs.follow(ref);
    const selection = new Selection();
    super({
      content: new View(
        () =>
          React.createElement(RunView, {
            services: _services,
            model: followed.model,
            stream,
            selection,
            onClose: () => this.dispose()
          }),
        trans,
        {
          id: `jupyter-mlops-run-content-${ref.run}`,
          label: trans.__('Run'),
          className: 'jp-mlops-RunView',
          testid: 'mlops-run-view'
        }
      )
    });
    this._followed = followed;
    this.selection = selection;
    this.id = idOfRun(ref.run);
    this.title.closable = true;
    this.title.label = trans.__('Run');
    this.addClass('jp-mlops-RunWidget');
    this._fillToolbar();
    followed.model.changed.connect(this._entitle, this);
    this._entitle();
  }

  /** What is selected in it. */
  readonly selection: Selection;

  get ref(): RunServices['ref'] {
    return this._services.ref;
  }

  /** Load the run anew. */
  refresh(): Promise<void> {
    this._services.stream.reconnect();
    return this._followed.model.refresh();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._followed.model.changed.disconnect(this._entitle, this);
      this._followed.dispose();
      super.dispose();
    }
  }

  private _entitle(): void {
    const { run, deleted } = this._followed.model;
    const { trans } = this._services;
    if (run) {
      const word = deleted ? trans.__('deleted') : stateWord(run.state, trans);
      this.title.label = run.pipeline || trans.__('Run');
      this.title.icon = stateLabIcon(run.state);
      this.title.caption = `${run.pipeline}\n${stateIcon(run.state)} ${word}\n${run.run}`;
    }
  }

  private _fillToolbar(): void {
    const { toolbar } = this;
    const { trans } = this._services;
    toolbar.addItem(
      'title',
      this._live(() => this._title())
    );
    toolbar.addItem('spacer', Toolbar.createSpacerItem());
    const button = (name: string, id: string, label: string, args: () => JSONObject = () => ({})): void => {
      toolbar.addItem(
        name,
        this._live(() => this._button(id, label, args()))
      );
    };
    button('retry', CommandIDs.retryRun, trans.__('Retry'));
    button('stop', CommandIDs.cancelRun, trans.__('Stop'));
    button('compare', CommandIDs.compareRuns, trans.__('Compare'));
    button('notebook', 'docmanager:open', trans.__('Open Notebook'), () => ({
      path: this._followed.model.run?.source ?? ''
    }));
    button('delete', CommandIDs.deleteRun, trans.__('Delete'));
    button('refresh', CommandIDs.refreshRun, trans.__('Refresh'));
  }

  /** Something in the toolbar that is drawn again when the run changes. */
  private _live(draw: () => React.ReactElement | null): ReactWidget {
    const { changed } = this._followed.model;
    return ReactWidget.create(React.createElement(UseSignal, { signal: changed, children: draw }));
  }

  private _title(): React.ReactElement {
    const { run } = this._followed.model;
    const { trans } = this._services;
    const mark = run ? React.createElement(StateMark, { state: run.state, trans }) : null;
    return React.createElement(
      'span',
      { className: 'jp-mlops-RunTitle', role: 'status' },
      React.createElement('strong', null, run?.pipeline ?? ''),
      mark
    );
  }

  private _button(id: string, label: string, args: JSONObject): React.ReactElement | null {
    const { run, deleted } = this._followed.model;
    if (deleted || !run || (id === 'docmanager:open' && !run.source)) {
      return null;
    }
    const all = { ...runArgs(this._services.ref), state: run.state, ...args };
    return React.createElement(CommandButton, { commands: this._services.commands, id, args: all, label });
  }

  private _followed: Followed;
}

/** The id of the widget of a run. */
export function idOfRun(run: string): string {
  return `jupyter-mlops-run-${run}`;
}
