import { Cell } from '@jupyterlab/cells';
import { Notebook } from '@jupyterlab/notebook';

/** The code cells that a command acts on: the selected ones and the active one, in the notebook's order. */
export function selectedCodeCells(notebook: Notebook): Cell[] {
  return notebook.widgets.filter(cell => cell.model.type === 'code' && notebook.isSelectedOrActive(cell));
}

/** Make a cell the active one. A selection of several stays if the cell is in it. */
export function activateCell(notebook: Notebook, cell: Cell): void {
  const index = notebook.widgets.indexOf(cell);
  if (index < 0) {
    return;
  }
  if (!notebook.isSelected(cell)) {
    notebook.deselectAll();
  }
  notebook.activeCellIndex = index;
}
