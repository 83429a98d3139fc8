import { Cell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { Contents } from '@jupyterlab/services';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';

/** A place in a notebook. */
export interface CellTarget {
  /** The notebook; empty: the current one. */
  path: string;
  cell?: string;
  index?: number;
  /** From 1. */
  line?: number;
}

/** What going there needs. */
export interface Surroundings {
  tracker: INotebookTracker;
  contents: Contents.IManager;
  commands: CommandRegistry;
  /** Brings a panel to the front. */
  activate(panel: NotebookPanel): void;
}

const FLASH_MS = 1500;
const FLASH = 'jp-mlops-mod-shown';

/** Show a cell: open its notebook if need be, scroll to it, put the cursor on the line. True if the cell is there. */
export async function goToCell(target: CellTarget, surroundings: Surroundings): Promise<boolean> {
  const panel = await panelOf(target.path, surroundings);
  if (!panel) {
    return false;
  }
  surroundings.activate(panel);
  await panel.context.ready;
  const notebook = panel.content;
  const cell = cellOf(panel, target);
  if (!cell) {
    return false;
  }
  NotebookActions.expandParent(cell, notebook);
  notebook.deselectAll();
  notebook.activeCellIndex = notebook.widgets.indexOf(cell);
  await notebook.scrollToItem(notebook.activeCellIndex, 'smart').catch(() => undefined);
  await cell.ready;
  putCursor(panel, cell, target.line);
  flash(cell);
  return true;
}

/** Arguments of the command as a target; what is of another type counts as absent. */
export function cellTarget(args: ReadonlyPartialJSONObject): CellTarget {
  return {
    path: typeof args.path === 'string' ? args.path : '',
    cell: typeof args.cell === 'string' ? args.cell : undefined,
    index: typeof args.index === 'number' ? args.index : undefined,
    line: typeof args.line === 'number' ? args.line : undefined
  };
}

async function panelOf(path: string, { tracker, contents, commands }: Surroundings): Promise<NotebookPanel | null> {
  if (path === '') {
    return tracker.currentWidget;
  }
  const open = tracker.find(panel => contents.localPath(panel.context.path) === contents.localPath(path));
  if (open) {
    return open;
  }
  const opened: unknown = await commands.execute('docmanager:open', { path, factory: 'Notebook' });
  return opened instanceof NotebookPanel ? opened : null;
}

/** A cell that was found by its id is the right one even if others were moved or deleted since. */
function cellOf(panel: NotebookPanel, target: CellTarget): Cell | undefined {
  const { widgets } = panel.content;
  const named = target.cell ? widgets.find(cell => cell.model.id === target.cell) : undefined;
  return named ?? (target.index === undefined ? undefined : widgets[target.index]);
}

function putCursor(panel: NotebookPanel, cell: Cell, line: number | undefined): void {
  const { editor } = cell;
  if (line === undefined || !editor || cell.model.type === 'markdown') {
    panel.content.mode = 'command';
    return;
  }
  cell.inputHidden = false;
  const position = { line: Math.min(Math.max(line, 1), editor.lineCount) - 1, column: 0 };
  panel.content.mode = 'edit';
  editor.focus();
  editor.setCursorPosition(position);
  editor.revealPosition(position);
}

function flash(cell: Cell): void {
  cell.removeClass(FLASH);
  // The style is computed between both, so that a second visit begins the animation anew.
  cell.node.getBoundingClientRect();
  cell.addClass(FLASH);
  window.setTimeout(() => {
    if (!cell.isDisposed) {
      cell.removeClass(FLASH);
    }
  }, FLASH_MS);
}
