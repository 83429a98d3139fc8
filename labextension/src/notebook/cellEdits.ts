import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Client } from '../api/client';
import { PipelineModel } from '../model/pipelineModel';
import { tellFailure } from '../ui/tellFailure';
import { foundSteps, wouldVanish } from './foundSteps';
import { CellMetadata, ours } from './metadata';
import { Edit, UndoableEdits } from './undoableEdit';

const TOLD_MS = 12000;

/** What the changes of cells in a browser work with. */
export interface EditServices {
  client: Client;
  trans: TranslationBundle;
}

/**
 * Change our metadata of cells, named by their ids, as one step that can be undone. `names` says that the change names a step: then the
 * steps that were found so far are written down with it, for they would vanish otherwise. True if something changed.
 */
export async function changeCells(
  pipeline: PipelineModel,
  cells: readonly string[],
  change: (metadata: CellMetadata) => CellMetadata,
  services: EditServices & { names: boolean }
): Promise<boolean> {
  const found = services.names && wouldVanish(pipeline.analysis) ? await writtenDown(pipeline, services.client) : null;
  const model = pipeline.panel.content.model;
  if (!model) {
    return false;
  }
  const wanted = new Map(found?.cells);
  for (const cell of model.cells) {
    if (cells.includes(cell.id)) {
      wanted.set(cell.id, change(merged(wanted.get(cell.id), ours(cell.metadata))));
    }
  }
  const changed = UndoableEdits.of(pipeline.panel.content).apply({ cells: wanted, notebook: found?.notebook });
  if (changed && found) {
    const text = services.trans.__('The steps that were found are now written in the cells, so that they stay.');
    tellWithUndo(pipeline, text, services.trans);
  }
  if (changed) {
    void pipeline.refresh();
  }
  return changed;
}

/** Write down all steps that were found. */
export async function convertNotebook(pipeline: PipelineModel, services: EditServices): Promise<boolean> {
  const { client, trans } = services;
  try {
    const { edit, notes } = await foundSteps(pipeline, client);
    if (!UndoableEdits.of(pipeline.panel.content).apply(edit)) {
      Notification.info(trans.__('There is nothing to convert: every cell already says what it is for.'), {
        autoClose: TOLD_MS
      });
      return false;
    }
    const done = trans._n('%1 cell now says what it is for.', '%1 cells now say what they are for.', edit.cells.size);
    tellWithUndo(pipeline, [done, ...notes].join('\n'), trans);
    void pipeline.refresh();
    return true;
  } catch (thrown) {
    tellFailure(thrown, trans.__('The notebook was not converted.'), trans);
    return false;
  }
}

/** What was found for a cell, with the options that the cell itself has. */
function merged(found: CellMetadata, own: CellMetadata): CellMetadata {
  return found || own ? { ...found, ...own } : undefined;
}

/** What was found, to be written with a change; without an answer of the server nothing but the change is written. */
async function writtenDown(pipeline: PipelineModel, client: Client): Promise<Edit | null> {
  return foundSteps(pipeline, client).then(
    found => found.edit,
    () => null
  );
}

function tellWithUndo(pipeline: PipelineModel, text: string, trans: TranslationBundle): void {
  const edits = UndoableEdits.of(pipeline.panel.content);
  const undo = (): void => {
    if (edits.canUndo) {
      edits.undo();
    } else {
      Notification.warning(
        trans.__('The notebook was changed since. Take the newer changes back first: Edit, Undo Cell Operation.'),
        { autoClose: TOLD_MS }
      );
    }
  };
  Notification.success(text, { autoClose: TOLD_MS, actions: [{ label: trans.__('Undo'), callback: undo }] });
}
