import { Cell } from '@jupyterlab/cells';
import { nullTranslator } from '@jupyterlab/translation';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { describe, expect, it, vi } from 'vitest';
import { CellPlace } from '../../src/api/shapes';
import { PipelineModel } from '../../src/model/pipelineModel';
import { Chips } from '../../src/notebook/chips';
import { FakeNotebook } from '../fakes/cells';
import { analysisOf } from '../fakes/notebook';
import { runOf, taskOf } from '../fakes/runs';

const trans = nullTranslator.load('jupyter_mlops');

/** A cell's widget: a node with a header, as soon as it was rendered. */
class FakeCell {
  readonly node = document.createElement('div');
  readonly model: { id: string; type: string };
  private _ready = new PromiseDelegate<void>();
  private _rendered = false;

  constructor(id: string, type = 'code', rendered = true) {
    this.model = { id, type };
    if (rendered) {
      this.renderNow();
    }
  }

  get ready(): Promise<void> {
    return this._ready.promise;
  }

  renderNow(): void {
    this.node.append(Object.assign(document.createElement('div'), { className: 'jp-CellHeader' }));
    this._rendered = true;
    this._ready.resolve();
  }

  isPlaceholder(): boolean {
    return !this._rendered;
  }

  get chip(): HTMLElement | null {
    return this.node.querySelector<HTMLElement>('.jp-CellHeader > [data-testid=mlops-chip]');
  }
}

interface Scene {
  notebook: FakeNotebook & { widgets: FakeCell[]; activeCell: FakeCell | null };
  pipeline: PipelineModel & { changed: Signal<object, void> };
  places: Map<string, CellPlace>;
  placeOf: ReturnType<typeof vi.fn>;
  opened: [Cell, HTMLElement][];
  chips: Chips;
}

function scene(cells: FakeCell[], places: CellPlace[]): Scene {
  const notebook = Object.assign(new FakeNotebook(cells.map(({ model }) => ({ id: model.id }))), {
    widgets: cells,
    activeCell: cells[0] ?? null,
    activeCellChanged: new Signal<object, void>({})
  });
  const known = new Map(places.map(place => [place.id, place]));
  const placeOf = vi.fn((id: string) => known.get(id));
  const pipeline = {
    panel: { content: notebook },
    changed: new Signal<object, void>({}),
    analysis: analysisOf({
      diagnostics: [{ severity: 'error', message: 'No.', hint: '', code: 'MLO101', cell: 1 } as never]
    }),
    lastRun: { run: runOf('failed', [taskOf('train', 'train', 'failed')]) },
    placeOf
  } as unknown as Scene['pipeline'];
  const opened: [Cell, HTMLElement][] = [];
  const chips = new Chips(pipeline, (cell, anchor) => opened.push([cell, anchor]), trans);
  return { notebook, pipeline, places: known, placeOf, opened, chips };
}

const load: CellPlace = { cell: 0, id: 'a', role: 'step', step: 'load' };
const train: CellPlace = { cell: 1, id: 'b', role: 'step', step: 'train' };
const more: CellPlace = { cell: 2, id: 'c', role: 'step', step: 'train' };
const frame = (): Promise<void> => new Promise(resolve => requestAnimationFrame(() => resolve()));

describe('the chips of a notebook', () => {
  it('are at the code cells, with the states of the last run and the problems', async () => {
    const cells = [new FakeCell('a'), new FakeCell('text', 'markdown'), new FakeCell('b'), new FakeCell('c')];
    scene(cells, [load, train, more]);
    await frame();
    expect(cells.map(cell => cell.chip?.textContent ?? null)).toEqual([
      'load',
      null,
      '✗trainfailed✖ 1',
      '✗trainfailed'
    ]);
    expect(cells.map(cell => cell.chip?.classList.contains('jp-mlops-mod-follows'))).toEqual([
      false,
      undefined,
      false,
      true
    ]);
    expect(cells.map(cell => cell.chip?.tabIndex)).toEqual([0, undefined, -1, -1]);
  });

  it('are brought up to date once for many changes in a frame', async () => {
    const { pipeline, placeOf } = scene([new FakeCell('a')], [load]);
    await frame();
    placeOf.mockClear();
    for (let count = 0; count < 50; count += 1) {
      pipeline.changed.emit();
    }
    expect(placeOf).not.toHaveBeenCalled();
    await frame();
    expect(placeOf).toHaveBeenCalledTimes(1);
  });

  it('do not look at the notebook again for what is typed', async () => {
    const { notebook, placeOf } = scene([new FakeCell('a')], [load]);
    await frame();
    placeOf.mockClear();
    notebook.model.cells.get(0).sharedModel.setSource('a = 2');
    await frame();
    expect(placeOf).not.toHaveBeenCalled();
  });

  it('come to a cell when it is rendered', async () => {
    const late = new FakeCell('b', 'code', false);
    scene([new FakeCell('a'), late], [load, train]);
    await frame();
    expect(late.chip).toBeNull();
    late.renderNow();
    await late.ready;
    await frame();
    expect(late.chip?.dataset.step).toBe('train');
  });

  it('come to the new widget of a cell that was moved', async () => {
    const { notebook } = scene([new FakeCell('a'), new FakeCell('b')], [load, train]);
    await frame();
    notebook.widgets = [new FakeCell('b'), notebook.widgets[0]];
    notebook.model.sharedModel.moveCell(1, 0);
    await frame();
    expect(notebook.widgets.map(cell => cell.chip?.dataset.step)).toEqual(['train', 'load']);
  });

  it('go when the cell is no longer known', async () => {
    const { notebook, pipeline, places } = scene([new FakeCell('a')], [load]);
    await frame();
    places.clear();
    pipeline.changed.emit();
    await frame();
    expect(notebook.widgets[0].chip).toBeNull();
  });

  it('open the menu of their cell', async () => {
    const { notebook, opened } = scene([new FakeCell('a')], [load]);
    await frame();
    const chip = notebook.widgets[0].chip!;
    chip.click();
    expect(opened).toEqual([[notebook.widgets[0], chip]]);
  });

  it('are all gone when they are disposed, and their place with them', async () => {
    const { notebook, pipeline, chips } = scene([new FakeCell('a')], [load]);
    await frame();
    expect(notebook.hasClass('jp-mlops-mod-withChips')).toBe(true);
    pipeline.changed.emit();
    chips.dispose();
    await frame();
    expect(notebook.widgets[0].chip).toBeNull();
    expect(notebook.hasClass('jp-mlops-mod-withChips')).toBe(false);
  });
});
