import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { cellTarget, goToCell } from '../notebook/goToCell';
import { addStepCommands } from '../notebook/stepCommands';
import { CommandIDs, IMLOps } from '../tokens';

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
      execute: args =>
        goToCell(cellTarget(args), {
          tracker,
          commands,
          contents: serviceManager.contents,
          activate: panel => shell.activateById(panel.id)
        })
    });
    const category = mlops.trans.__('MLOps');
    const shown = [CommandIDs.setStep, CommandIDs.convert, CommandIDs.openCellMenu, CommandIDs.undoEdit];
    shown.forEach(command => palette?.addItem({ command, category }));
    for (const role of ['setup', 'parameters', 'skip', null]) {
      palette?.addItem({ command: CommandIDs.setRole, category, args: { role, palette: true } });
    }
  }
};
