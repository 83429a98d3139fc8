import { Notebook } from '@jupyterlab/notebook';
import { JSONExt, PartialJSONObject } from '@lumino/coreutils';
import { CellMetadata, KEY, ours } from './metadata';

/** What our metadata are to become: in cells by their ids, and in the notebook if it is named. */
export interface Edit {
  cells: ReadonlyMap<string, CellMetadata>;
  notebook?: { value: CellMetadata };
}

/** On a notebook whose newest change is ours: then Ctrl+Z takes that back, instead of what was typed in a cell. */
const CAN_UNDO = 'jp-mlops-mod-canUndo';
const CAN_REDO = 'jp-mlops-mod-canRedo';

/**
 * Changes of our metadata in one notebook, each of which the notebook's own undo takes back as a whole.
 *
 * JupyterLab leaves metadata out of its undo history unless they change within an undoable transaction of the notebook:
 * so they do here. The notebook's own metadata are never in that history; they are kept beside it.
 */
export class UndoableEdits {
  /** The edits of a notebook; the same object for the same notebook. */
  static of(notebook: Notebook): UndoableEdits {
    const known = EDITS.get(notebook) ?? new UndoableEdits(notebook);
    EDITS.set(notebook, known);
    return known;
  }

  private constructor(private _notebook: Notebook) {
    this._watch();
    _notebook.modelChanged.connect(this._watch, this);
  }

  /** Make an edit. True if it changed anything. */
  apply(edit: Edit): boolean {
    const model = this._notebook.model;
    const changed = model ? this._differing(edit) : null;
    if (!model || !changed) {
      return false;
    }
    const before = ours(model.sharedModel.metadata as PartialJSONObject);
    this.perform(() => this._write(changed));
    if (changed.notebook) {
      const stack = historyOf(model.sharedModel)?.undoStack ?? [];
      stack[stack.length - 1]?.meta.set(KEY, { before, after: changed.notebook.value });
    }
    return true;
  }

  /** Do any work on the cells of the notebook as one step that can be undone. */
  perform(work: () => void): void {
    const shared = this._notebook.model?.sharedModel;
    if (!shared) {
      return;
    }
    this._ownChange(() => {
      // Changes that follow each other quickly would else become one step.
      historyOf(shared)?.stopCapturing();
      shared.transact(work);
      historyOf(shared)?.stopCapturing();
    });
    this._mark(true, false);
  }

  /** Whether the newest change of the notebook is one of ours, which `undo` takes back. */
  get canUndo(): boolean {
    return this._notebook.hasClass(CAN_UNDO) && (this._notebook.model?.sharedModel.canUndo() ?? false);
  }

  get canRedo(): boolean {
    return this._notebook.hasClass(CAN_REDO) && (this._notebook.model?.sharedModel.canRedo() ?? false);
  }

  undo(): void {
    if (this.canUndo) {
      this._ownChange(() => this._notebook.model?.sharedModel.undo());
      this._mark(false, true);
    }
  }

  redo(): void {
    if (this.canRedo) {
      this._ownChange(() => this._notebook.model?.sharedModel.redo());
      this._mark(true, false);
    }
  }

  /** The part of an edit that changes something; null if nothing does. */
  private _differing(edit: Edit): Edit | null {
    const cells = new Map<string, CellMetadata>();
    for (const cell of this._notebook.model?.cells ?? []) {
      const wanted = edit.cells.get(cell.id);
      if (edit.cells.has(cell.id) && !equal(ours(cell.metadata), wanted)) {
        cells.set(cell.id, wanted);
      }
    }
    const metadata = this._notebook.model?.sharedModel.metadata as PartialJSONObject;
    const notebook = edit.notebook && !equal(ours(metadata), edit.notebook.value) ? edit.notebook : undefined;
    return cells.size > 0 || notebook ? { cells, notebook } : null;
  }

  private _write(edit: Edit): void {
    for (const cell of this._notebook.model?.cells ?? []) {
      if (edit.cells.has(cell.id)) {
        set(cell, edit.cells.get(cell.id));
      }
    }
    if (edit.notebook && this._notebook.model) {
      set(this._notebook.model, edit.notebook.value);
    }
  }

  private _ownChange(work: () => void): void {
    this._own = true;
    try {
      work();
    } finally {
      this._own = false;
    }
  }

  private _mark(undo: boolean, redo: boolean): void {
    this._notebook.toggleClass(CAN_UNDO, undo);
    this._notebook.toggleClass(CAN_REDO, redo);
  }

  private _onNotebook(_: object, change: { cellsChange?: unknown }): void {
    if (change.cellsChange) {
      this._listenToCells();
      this._onEdit();
    }
  }

  private _onCell(_: object, change: { sourceChange?: unknown }): void {
    if (change.sourceChange) {
      this._onEdit();
    }
  }

  /** A notebook does not tell what is typed in its cells. Those that are listened to stay so. */
  private _listenToCells(): void {
    for (const cell of this._notebook.model?.cells ?? []) {
      cell.sharedModel.changed.connect(this._onCell, this);
    }
  }

  /** Somebody edited cells: the newest change is not ours. Outputs, and what a kernel writes down, are no edits. */
  private _onEdit(): void {
    if (!this._own && (this._notebook.hasClass(CAN_UNDO) || this._notebook.hasClass(CAN_REDO))) {
      this._mark(false, false);
    }
  }

  /** When an edit with notebook metadata is taken back or made again, they follow; who edits cells is heard. */
  private _watch(): void {
    const model = this._notebook.model;
    model?.sharedModel.changed.connect(this._onNotebook, this);
    this._listenToCells();
    const history = model && historyOf(model.sharedModel);
    if (!history) {
      return;
    }
    history.on('stack-item-popped', ({ stackItem, type }) => {
      const kept = stackItem.meta.get(KEY) as { before: CellMetadata; after: CellMetadata } | undefined;
      if (kept) {
        set(model, type === 'undo' ? kept.before : kept.after);
        const other = type === 'undo' ? history.redoStack : history.undoStack;
        other[other.length - 1]?.meta.set(KEY, kept);
      }
    });
  }

  private _own = false;
}

const EDITS = new WeakMap<Notebook, UndoableEdits>();

/** What we need of the Yjs undo manager of a shared notebook. */
interface History {
  readonly undoStack: { meta: Map<unknown, unknown> }[];
  readonly redoStack: { meta: Map<unknown, unknown> }[];
  stopCapturing(): void;
  on(
    name: 'stack-item-popped',
    slot: (event: { stackItem: { meta: Map<unknown, unknown> }; type: 'undo' | 'redo' }) => void
  ): void;
}

/** The interface of shared notebooks does not name their undo manager; Yjs ones have it. */
function historyOf(shared: object): History | null {
  return 'undoManager' in shared ? (shared.undoManager as History | null) : null;
}

function set(
  owner: { setMetadata(key: string, value: PartialJSONObject): void; deleteMetadata(key: string): void },
  value: CellMetadata
): void {
  if (value === undefined) {
    owner.deleteMetadata(KEY);
  } else {
    owner.setMetadata(KEY, value);
  }
}

function equal(one: CellMetadata, other: CellMetadata): boolean {
  return one === other || (one !== undefined && other !== undefined && JSONExt.deepEqual(one, other));
}
