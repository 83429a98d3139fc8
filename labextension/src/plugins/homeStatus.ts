import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification, ReactWidget } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { endingOf } from '../home/ending';
import { Places } from '../home/places';
import { RunningCount } from '../home/runningCount';
import { RunningItem } from '../home/RunningItem';
import { HomeSettings } from '../home/settings';
import { StartedRuns } from '../home/startedRuns';
import { CommandIDs, IMLOps, runArgs } from '../tokens';
import { homePlugin } from './home';

/** Says in the status bar what runs, and tells when a run that was started here ends. */
export const homeStatusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:home-status',
  description: 'How many runs run, and when one ends.',
  autoStart: true,
  requires: [IMLOps],
  optional: [INotebookTracker, IDefaultFileBrowser, IStatusBar, ISettingRegistry, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    mlops: IMLOps,
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null,
    statusBar: IStatusBar | null,
    ...kept: [ISettingRegistry | null, IStateDB | null]
  ): void => {
    const [registry, state] = kept;
    const places = new Places(app.serviceManager.contents, notebooks, browser);
    const settings = new HomeSettings(registry?.load(homePlugin.id));
    const notebook = (): string => mlops.pipelines?.current?.path ?? places.current;
    const started = new StartedRuns(mlops.runs, state, notebook);
    started.listen(app.commands);
    tellEnds(app.commands, mlops, started, settings);
    if (statusBar) {
      addItem(app, mlops, statusBar, new RunningCount(places, mlops, app.restored));
    }
  }
};

function tellEnds(commands: CommandRegistry, mlops: IMLOps, started: StartedRuns, settings: HomeSettings): void {
  const { trans } = mlops;
  started.ended.connect((_, { ref, run }) => {
    if (!settings.tellEnds) {
      return;
    }
    const { kind, text } = endingOf(run, trans);
    const open = { label: trans.__('Open'), callback: () => void commands.execute(CommandIDs.openRun, runArgs(ref)) };
    const actions = commands.hasCommand(CommandIDs.openRun) ? [open] : [];
    Notification.emit(text, kind, { autoClose: kind === 'error' ? false : 8000, actions });
  });
}

function addItem(app: JupyterFrontEnd, mlops: IMLOps, statusBar: IStatusBar, count: RunningCount): void {
  const onOpen = (): void => void app.commands.execute(CommandIDs.openHome);
  const item = ReactWidget.create(React.createElement(RunningItem, { count, trans: mlops.trans, onOpen }));
  statusBar.registerStatusItem('jupyter-mlops:running', {
    item,
    align: 'left',
    rank: 100,
    isActive: () => count.value > 0,
    activeStateChanged: count.changed
  });
}
