import { IDisposable } from '@lumino/disposable';
import { ListedRun } from '../api/shapes';
import { EventStream } from '../api/stream';
import { Changing } from '../model/living';
import { isOver } from '../model/runModel';
import { IMLOps } from '../tokens';
import { ActiveRuns } from './activeRuns';
import { Places } from './places';

/**
 * How many runs of the project that a person works in run or wait. It watches the project only while some do: what
 * starts one is heard from those who watch for other reasons.
 */
export class RunningCount extends Changing {
  constructor(
    private _places: Places,
    private _mlops: IMLOps,
    ready: Promise<unknown>
  ) {
    super();
    _places.changed.connect(this._onPlace, this);
    _mlops.stream.folderNews.connect(this._onNews, this);
    void ready.then(() => this._onPlace());
  }

  get value(): number {
    return this._value;
  }

  private _onPlace(): void {
    const folder = this._places.current;
    if (folder !== this._active?.folder) {
      this._active?.dispose();
      this._active = new ActiveRuns(folder, this._mlops.client, this._mlops.stream);
      this._active.changed.connect(this._count, this);
      this._unwatch();
    }
  }

  private _onNews(_: EventStream, news: { folder: string; runs: ListedRun[] }): void {
    const isHere = news.folder === this._active?.folder || news.folder.startsWith(`${this._active?.folder}/`);
    if (this._value === 0 && (isHere || !this._active?.folder) && news.runs.some(run => !isOver(run.state))) {
      void this._active?.refresh();
    }
  }

  private _count(): void {
    const { runs, folder } = this._active ?? { runs: [], folder: '' };
    if (runs.length > 0) {
      this._watching = this._watching ?? this._mlops.stream.watch(folder);
    } else {
      this._unwatch();
    }
    if (runs.length !== this._value) {
      this._value = runs.length;
      this.emitChanged();
    }
  }

  private _unwatch(): void {
    this._watching?.dispose();
    this._watching = null;
  }

  private _active: ActiveRuns | null = null;
  private _watching: IDisposable | null = null;
  private _value = 0;
}
