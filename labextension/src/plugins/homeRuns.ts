import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';
import { ActiveRuns } from '../home/activeRuns';
import { Deletion } from '../home/deletion';
import { FailedRuns } from '../home/failedRuns';
import { Memory } from '../home/memory';
import { RunsModel } from '../home/runsModel';
import { RunsTab } from '../home/RunsTab';
import { HomeSettings } from '../home/settings';
import { CommandIDs, IHomeTabs, IMLOps } from '../tokens';
import { View } from '../ui/View';
import { homePlugin } from './home';

/** The tab of runs: it comes to Home as every other tab does. */
export const homeRunsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:home-runs',
  description: 'The runs of a project as a tab of Home.',
  autoStart: true,
  requires: [IMLOps, IHomeTabs],
  optional: [IStateDB, ISettingRegistry],
  activate: (
    { commands }: JupyterFrontEnd,
    mlops: IMLOps,
    tabs: IHomeTabs,
    state: IStateDB | null,
    registry: ISettingRegistry | null
  ): void => {
    const deletion = new Deletion(mlops.client);
    addDeleting(commands, mlops, deletion);
    const memory = new Memory(state);
    const settings = new HomeSettings(registry?.load(homePlugin.id));
    const label = mlops.trans.__('Runs');
    const create = (folder: string): View => runsView(folder, { commands, mlops, deletion, memory, settings });
    tabs.add({ id: 'runs', label, rank: 100, create });
  }
};

interface Shared {
  commands: CommandRegistry;
  mlops: IMLOps;
  deletion: Deletion;
  memory: Memory;
  settings: HomeSettings;
}

function runsView(folder: string, shared: Shared): View {
  const { mlops, deletion, settings } = shared;
  const { client, stream, trans } = mlops;
  const model = new RunsModel(folder, client, stream);
  const active = new ActiveRuns(folder, client, stream);
  const failed = new FailedRuns(folder, client, stream, () => settings.attentionDays);
  const forget = (_: Deletion, run: string): void => {
    model.forget(run);
    failed.forget(run);
  };
  deletion.deleted.connect(forget);
  const draw = (): React.ReactElement => React.createElement(RunsTab, { ...shared, model, active, failed });
  const view = new View(draw, trans, {
    id: 'jupyter-mlops-home-runs',
    label: trans.__('Runs'),
    className: 'jp-mlops-HomeRuns',
    testid: 'mlops-home-runs'
  });
  view.disposed.connect(() => {
    deletion.deleted.disconnect(forget);
    [model, active, failed].forEach(item => item.dispose());
  });
  return view;
}

function addDeleting(commands: CommandRegistry, mlops: IMLOps, deletion: Deletion): void {
  const { trans } = mlops;
  commands.addCommand(CommandIDs.deleteRuns, {
    label: args => trans._n('Delete Run', 'Delete %1 Runs', runsOf(args).length),
    isEnabled: () => deletion.progress === null,
    execute: async args => {
      const runs = runsOf(args);
      const answer = await showDialog({
        title: trans._n('Delete %1 run?', 'Delete %1 runs?', runs.length),
        body: trans.__('Logs, executed notebooks and artifacts go with it. This cannot be undone.'),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })]
      });
      if (answer.button.accept) {
        await deletion.start(String(args.folder ?? ''), runs);
      }
    }
  });
}

function runsOf(args: ReadonlyPartialJSONObject): string[] {
  return Array.isArray(args.runs) ? args.runs.filter((run): run is string => typeof run === 'string') : [];
}
