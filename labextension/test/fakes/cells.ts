import { Notebook, NotebookModel } from '@jupyterlab/notebook';
import { PartialJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

/** A cell for `FakeNotebook`: its id, and what is under our key. */
export interface FakeCell {
  id: string;
  ours?: PartialJSONObject;
  type?: 'code' | 'markdown';
  source?: string;
}

/** A notebook's widget with a real model, and nothing drawn. */
export class FakeNotebook extends Widget {
  readonly model: NotebookModel;
  readonly modelChanged = new Signal<this, void>(this);

  /** `undo` says whose history changes go into: JupyterLab's default is one for each cell, and one for cells. */
  constructor(cells: FakeCell[], metadata: PartialJSONObject = {}, undo: 'cells' | 'document' = 'cells') {
    super();
    this.model = new NotebookModel({ disableDocumentWideUndoRedo: undo === 'cells' });
    this.model.sharedModel.fromJSON({
      cells: cells.map(({ id, ours, type = 'code', source }) => ({
        id,
        cell_type: type,
        source: source ?? `${id} = 1`,
        metadata: ours ? { jupyter_mlops: ours, other: true } : { other: true }
      })),
      metadata: metadata as never,
      nbformat: 4,
      nbformat_minor: 5
    });
    this.model.sharedModel.clearUndoHistory();
  }

  get notebook(): Notebook {
    return this as unknown as Notebook;
  }

  /** What is under our key in each cell. */
  get ours(): unknown[] {
    return [...this.model.cells].map(cell => cell.metadata.jupyter_mlops);
  }

  get oursOfNotebook(): unknown {
    return this.model.sharedModel.getMetadata('jupyter_mlops');
  }
}
