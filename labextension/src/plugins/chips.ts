import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { Cell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { openCellMenu } from '../notebook/cellMenu';
import { activateCell } from '../notebook/cellSelection';
import { Chips } from '../notebook/chips';
import { CommandIDs, IMLOps } from '../tokens';

/** The steps of cells and their last states, shown at the cells. */
export const chipsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:chips',
  description: 'A chip at each code cell: its step, the last state of that step, and problems.',
  autoStart: true,
  requires: [IMLOps, INotebookTracker],
  optional: [ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    mlops: IMLOps,
    tracker: INotebookTracker,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null
  ): void => {
    const shown = new ShownChips(app, mlops, tracker);
    addToggle(app, mlops, shown, registry);
    palette?.addItem({ command: CommandIDs.toggleChips, category: mlops.trans.__('MLOps') });
    tracker.widgetAdded.connect((_, panel) => shown.add(panel));
    const follow = (settings: ISettingRegistry.ISettings): void => {
      shown.areShown = settings.composite.show !== false;
      app.commands.notifyCommandChanged(CommandIDs.toggleChips);
    };
    void registry
      ?.load(chipsPlugin.id)
      .then(settings => {
        settings.changed.connect(follow);
        follow(settings);
      })
      .catch(reason => console.warn('jupyter-mlops: the settings of chips could not be read.', reason));
  }
};

/** The chips of all open notebooks. */
class ShownChips {
  constructor(
    private _app: JupyterFrontEnd,
    private _mlops: IMLOps,
    private _tracker: INotebookTracker
  ) {
    _tracker.forEach(panel => this.add(panel));
  }

  get areShown(): boolean {
    return this._areShown;
  }

  set areShown(are: boolean) {
    if (are !== this._areShown) {
      this._areShown = are;
      this._chips.forEach(chips => chips.dispose());
      this._chips.clear();
      this._tracker.forEach(panel => this.add(panel));
    }
  }

  add(panel: NotebookPanel): void {
    const { pipelines, trans } = this._mlops;
    if (!pipelines || !this._areShown) {
      return;
    }
    const open = (cell: Cell, anchor: HTMLElement): void => {
      activateCell(panel.content, cell);
      openCellMenu(this._app.commands, this._mlops, anchor);
    };
    this._chips.set(panel, new Chips(pipelines.of(panel), open, trans));
    panel.disposed.connect(() => this._chips.delete(panel));
  }

  private _areShown = true;
  private _chips = new Map<NotebookPanel, Chips>();
}

function addToggle(app: JupyterFrontEnd, mlops: IMLOps, shown: ShownChips, registry: ISettingRegistry | null): void {
  app.commands.addCommand(CommandIDs.toggleChips, {
    label: mlops.trans.__('Show Steps at Cells'),
    isToggled: () => shown.areShown,
    execute: async () => {
      shown.areShown = !shown.areShown;
      await registry?.set(chipsPlugin.id, 'show', shown.areShown);
    }
  });
}
