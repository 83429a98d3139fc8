import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { Menu } from '@lumino/widgets';
import * as React from 'react';
import { PanelView } from '../panel/PanelView';
import { CommandIDs, IMLOps, runArgs } from '../tokens';
import { pipelineIcon } from '../ui/icons';
import { holdsManyDocuments, toggleAbove } from '../ui/place';
import { View } from '../ui/View';

/** The panel of the current notebook's pipeline: at the left or, on a page that holds one notebook, above its cells. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:panel',
  description: 'A panel with the pipeline of the current notebook.',
  autoStart: true,
  requires: [IMLOps],
  optional: [ILayoutRestorer, ICommandPalette, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    mlops: IMLOps,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null
  ): void => {
    const { trans } = mlops;
    const isBeside = holdsManyDocuments(app.shell);
    const menu = stepMenu(app, mlops);
    const panel = new View(() => React.createElement(PanelView, { app, mlops, onMenu: menu }), trans, {
      id: 'jupyter-mlops-panel',
      label: trans.__('MLOps'),
      className: 'jp-mlops-Panel',
      testid: 'mlops-panel'
    });
    panel.title.icon = pipelineIcon;
    panel.title.caption = trans.__('MLOps: the pipeline that this notebook is');
    if (isBeside) {
      app.shell.add(panel, 'left', { rank: 600, type: 'MLOps' });
      restorer?.add(panel, panel.id);
    }
    app.commands.addCommand(CommandIDs.openPanel, {
      label: args => (args.toolbar ? trans.__('Pipeline') : trans.__('Show Pipeline')),
      caption: trans.__('Show the pipeline that the current notebook is'),
      icon: args => (args.toolbar ? undefined : pipelineIcon),
      // JupyterLab has a tab for it at the left.
      isVisible: args => !args.toolbar || !isBeside,
      isEnabled: () => isBeside || Boolean(notebooks?.currentWidget),
      isToggled: isBeside ? undefined : () => panel.isAttached,
      execute: () => {
        if (isBeside) {
          app.shell.activateById(panel.id);
        } else if (notebooks?.currentWidget) {
          toggleAbove(notebooks.currentWidget, panel);
          app.commands.notifyCommandChanged(CommandIDs.openPanel);
        }
      }
    });
    palette?.addItem({ command: CommandIDs.openPanel, category: trans.__('MLOps') });
  }
};

/** Gives what shows the menu of a step. */
function stepMenu(app: JupyterFrontEnd, mlops: IMLOps): (step: string, at: { x: number; y: number }) => void {
  return (step, at) => {
    const pipeline = mlops.pipelines?.current;
    const menu = new Menu({ commands: app.commands });
    const index = pipeline?.analysis?.steps.find(item => item.name === step)?.cells[0] ?? 0;
    const task = pipeline?.lastRun?.tasksOf(step)[0]?.task;
    menu.addItem({ command: CommandIDs.runFrom, args: { step } });
    menu.addItem({ command: CommandIDs.runOnly, args: { step } });
    menu.addItem({ type: 'separator' });
    menu.addItem({ command: CommandIDs.goToCell, args: { index } });
    if (pipeline?.lastRun && task) {
      menu.addItem({ command: CommandIDs.openRun, args: { ...runArgs(pipeline.lastRun.ref), task } });
    }
    menu.aboutToClose.connect(() => void Promise.resolve().then(() => menu.dispose()));
    menu.open(at.x, at.y);
  };
}
