import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { CellTarget, cellTarget, goToCell, Surroundings } from '../notebook/goToCell';
import { addStepCommands } from '../notebook/stepCommands';
import { CommandIDs, IMLOps } from '../tokens';
import { tellFailure } from '../ui/tellFailure';

/** What is set at the cells of a notebook. Its toolbars, menus and shortcuts are in `schema/notebook.json`. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-mlops:notebook',
  description: 'Steps and roles of cells: commands, toolbar, menus.',
  autoStart: true,
  requires: [IMLOps, INotebookTracker],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, mlops: IMLOps, tracker: INotebookTracker, palette: ICommandPalette | null): void => {
    const { commands, shell, serviceManager } = app;
    addStepCommands(commands, mlops);
    commands.addCommand(CommandIDs.goToCell, {
      label: mlops.trans.__('Go to Cell'),
      execute: args => {
        const { contents } = serviceManager;
        const activate = (panel: NotebookPanel): void => shell.activateById(panel.id);
        return wentToCell(cellTarget(args), { tracker, commands, contents, activate }, mlops.trans);
      }
    });
    const category = mlops.trans.__('MLOps');
    const shown = [CommandIDs.setStep, CommandIDs.convert, CommandIDs.openCellMenu, CommandIDs.undoEdit];
    shown.forEach(command => palette?.addItem({ command, category }));
    for (const role of ['setup', 'parameters', 'skip', null]) {
      palette?.addItem({ command: CommandIDs.setRole, category, args: { role, palette: true } });
    }
  }
};

/** Go to a cell, and tell if it is not there any more, or its notebook. True if it is shown. */
async function wentToCell(target: CellTarget, around: Surroundings, trans: TranslationBundle): Promise<boolean> {
  const isNamed = target.cell !== undefined || target.index !== undefined;
  try {
    const went = await goToCell(target, around);
    if (!went && isNamed) {
      Notification.warning(trans.__('This cell is not in the notebook any more.'), { autoClose: 6000 });
    }
    return went;
  } catch (thrown) {
    tellFailure(thrown, trans.__('The notebook could not be opened.'), trans);
    return false;
  }
}
