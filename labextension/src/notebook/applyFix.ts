import { Notebook } from '@jupyterlab/notebook';
import { JSONObject } from '@lumino/coreutils';
import { Fix, FixEdit } from '../api/shapes';
import { KEY } from './metadata';
import { UndoableEdits } from './undoableEdit';

/** Make the changes of a quick fix in one undoable step. False if a cell of it is gone. */
export function applyFix(notebook: Notebook, fix: Fix): boolean {
  const cells = new Map(Array.from(notebook.model?.cells ?? [], cell => [cell.id, cell.sharedModel]));
  if (!fix.edits.every(edit => cells.has(edit.cell))) {
    return false;
  }
  UndoableEdits.of(notebook).perform(() => {
    // Lines are counted as they are before: a cell's last change comes first.
    for (const edit of [...fix.edits].sort((a, b) => (b.line ?? 0) - (a.line ?? 0))) {
      const cell = cells.get(edit.cell);
      if (cell && edit.metadata) {
        const metadata = merged(cell.getMetadata(KEY) as JSONObject | undefined, edit.metadata);
        if (Object.keys(metadata).length) {
          cell.setMetadata(KEY, metadata);
        } else {
          cell.deleteMetadata(KEY);
        }
      }
      if (cell && edit.line !== undefined) {
        cell.setSource(changed(cell.getSource(), edit));
      }
    }
  });
  return true;
}

function merged(before: JSONObject | undefined, changes: JSONObject): JSONObject {
  const after = { ...before, ...changes };
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null)) as JSONObject;
}

/** The source with a line (counted from 1) replaced, or lines put before it. */
function changed(source: string, edit: FixEdit): string {
  const lines = source.split('\n');
  const index = Math.min(Math.max((edit.line ?? 1) - 1, 0), lines.length);
  if (edit.replace !== undefined) {
    lines.splice(index, 1, edit.replace);
  } else if (edit.insert !== undefined) {
    lines.splice(index, 0, edit.insert);
  }
  return lines.join('\n');
}
