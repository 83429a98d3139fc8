import { Cell } from '@jupyterlab/cells';
import { Notebook } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { Diagnostic } from '../api/shapes';
import { PipelineModel } from '../model/pipelineModel';
import { Chip } from './chip';
import { chipContent } from './chipContent';
import { StepState, stepStates } from './stepStates';

/** Set on a notebook whose cells have chips: keeps their place free, so that text never moves when one changes. */
const WITH_CHIPS = 'jp-mlops-mod-withChips';

/** Opens the menu of a cell below an element. */
export type OpenMenu = (cell: Cell, anchor: HTMLElement) => void;

/** The chips at the cells of one notebook, kept right in one pass for each animation frame in which something changed. */
export class Chips implements IDisposable {
  constructor(
    private _pipeline: PipelineModel,
    private _openMenu: OpenMenu,
    private _trans: TranslationBundle
  ) {
    this._notebook = _pipeline.panel.content;
    this._notebook.addClass(WITH_CHIPS);
    _pipeline.changed.connect(this.update, this);
    this._notebook.modelChanged.connect(this._watchCells, this);
    this._notebook.activeCellChanged.connect(this.update, this);
    this._notebook.disposed.connect(this.dispose, this);
    this._watchCells();
  }

  /** Bring the chips up to date in the next animation frame. */
  update(): void {
    if (!this._disposed && !this._frame) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._pass();
      });
    }
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    cancelAnimationFrame(this._frame);
    Signal.clearData(this);
    if (!this._notebook.isDisposed) {
      this._notebook.removeClass(WITH_CHIPS);
      this._notebook.widgets.forEach(cell => this._chips.get(cell)?.node.remove());
    }
  }

  /** Cells that are added or moved have new widgets. Typing changes no chip until the next analysis. */
  private _watchCells(): void {
    this._notebook.model?.cells.changed.connect(this.update, this);
    this.update();
  }

  private _pass(): void {
    const states = stepStates(this._pipeline.lastRun?.run?.tasks ?? []);
    const problems = byCell(this._pipeline.analysis?.diagnostics ?? []);
    let above: string | null = null;
    for (const cell of this._notebook.widgets) {
      if (cell.model?.type === 'code') {
        above = this._draw(cell, above, states, problems);
      }
    }
  }

  /** Draw the chip of one cell; gives the step that the next cell may follow. */
  private _draw(
    cell: Cell,
    above: string | null,
    states: ReadonlyMap<string, StepState>,
    problems: ReadonlyMap<number, Diagnostic[]>
  ): string | null {
    const place = this._pipeline.placeOf(cell.model.id);
    if (!place) {
      this._chips.get(cell)?.node.remove();
      return above;
    }
    const chip = this._chipOf(cell);
    if (chip) {
      const state = place.step === null ? undefined : states.get(place.step);
      const diagnostics = problems.get(place.cell) ?? [];
      chip.show(chipContent({ place, above, state, diagnostics }, this._trans));
      chip.isStop = cell === this._notebook.activeCell;
    }
    return place.step ?? above;
  }

  /** The chip in the header of a cell; null as long as the cell was not rendered: then the pass comes again. */
  private _chipOf(cell: Cell): Chip | null {
    if (cell.isPlaceholder()) {
      if (!this._awaited.has(cell)) {
        this._awaited.add(cell);
        void cell.ready.then(() => this.update());
      }
      return null;
    }
    const header = cell.node.querySelector(':scope > .jp-CellHeader');
    const chip = this._chips.get(cell) ?? new Chip(self => this._openMenu(cell, self.node));
    this._chips.set(cell, chip);
    if (header && chip.node.parentElement !== header) {
      header.append(chip.node);
    }
    return chip;
  }

  private _notebook: Notebook;
  private _chips = new WeakMap<Cell, Chip>();
  private _awaited = new WeakSet<Cell>();
  private _frame = 0;
  private _disposed = false;
}

function byCell(diagnostics: readonly Diagnostic[]): Map<number, Diagnostic[]> {
  const found = new Map<number, Diagnostic[]>();
  for (const item of diagnostics) {
    // Those of an included notebook count in that one's cells.
    if (typeof item.cell === 'number' && !item.notebook) {
      found.set(item.cell, [...(found.get(item.cell) ?? []), item]);
    }
  }
  return found;
}
