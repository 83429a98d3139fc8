import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';
import { PipelineModel, PipelineServices } from './pipelineModel';

/** The open notebooks as pipelines; each is made when it is first asked for and lives as long as its panel. */
export class Pipelines {
  constructor(
    private _tracker: INotebookTracker,
    private _services: PipelineServices
  ) {
    _tracker.currentChanged.connect(() => this._currentChanged.emit());
  }

  /** Emitted when another notebook, or none, is the current one. */
  get currentChanged(): ISignal<this, void> {
    return this._currentChanged;
  }

  /** The pipeline of the current notebook. */
  get current(): PipelineModel | null {
    return this._tracker.currentWidget ? this.of(this._tracker.currentWidget) : null;
  }

  of(panel: NotebookPanel): PipelineModel {
    const known = this._models.get(panel);
    if (known && !known.isDisposed) {
      return known;
    }
    const made = new PipelineModel(panel, this._services);
    this._models.set(panel, made);
    return made;
  }

  private _models = new WeakMap<NotebookPanel, PipelineModel>();
  private _currentChanged = new Signal<this, void>(this);
}
