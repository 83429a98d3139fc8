import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import * as React from 'react';
import { TargetsModel } from '../home/targetsModel';
import { TargetsTab } from '../home/targets/TargetsTab';
import { IHomeTabs, IMLOps } from '../tokens';
import { View } from '../ui/View';

/** The tab of targets in Home. */
export const homeTargetsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:home-targets',
  description: 'Where runs can go, as a tab of Home.',
  autoStart: true,
  requires: [IMLOps, IHomeTabs],
  activate: (_: JupyterFrontEnd, mlops: IMLOps, tabs: IHomeTabs): void => {
    const label = mlops.trans.__('Targets');
    tabs.add({ id: 'targets', label, rank: 900, create: folder => targetsView(folder, mlops) });
  }
};

function targetsView(folder: string, { client, targets, trans }: IMLOps): View {
  const model = new TargetsModel(folder, client, targets);
  const view = new View(() => React.createElement(TargetsTab, { model, trans }), trans, {
    id: 'jupyter-mlops-home-targets',
    label: trans.__('Targets'),
    className: 'jp-mlops-HomeTargets',
    testid: 'mlops-targets'
  });
  view.disposed.connect(() => model.dispose());
  return view;
}
