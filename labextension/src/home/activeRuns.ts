import { IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';
import { Client } from '../api/client';
import { ListedRun } from '../api/shapes';
import { EventStream } from '../api/stream';
import { isOver } from '../model/runModel';

const BETWEEN_QUESTIONS_MS = 1000;
const NOW_AND_THEN_MS = 15000;
const MOST = 100;

/** The runs of a project that run or wait. News of the folder say when to ask; old ones are asked for now and then. */
export class ActiveRuns implements IDisposable {
  constructor(
    readonly folder: string,
    private _client: Client,
    private _stream: EventStream
  ) {
    this._stream.folderNews.connect(this._onNews, this);
    void this.refresh();
  }

  /** Emitted after the runs changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get runs(): readonly ListedRun[] {
    return this._runs;
  }

  /** Ask the server. Never rejects: without an answer the runs stay those that were last heard of. */
  async refresh(): Promise<void> {
    const query = "state in ('running', 'pending')";
    const page = await this._client.runs({ folder: this.folder, query, limit: MOST }).catch(() => null);
    if (page && !this._disposed) {
      this._set(page.runs);
    }
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._asks.dispose();
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  private _onNews(_: EventStream, news: { folder: string; runs: ListedRun[] }): void {
    if (news.folder !== this.folder) {
      return;
    }
    const told = new Set(news.runs.map(run => run.run));
    const older = this._runs.filter(run => !told.has(run.run));
    this._set([...news.runs.filter(run => !isOver(run.state)), ...older]);
    if (older.length > 0) {
      void this._asks.invoke().catch(() => undefined);
    }
  }

  private _set(runs: ListedRun[]): void {
    this._runs = runs;
    void (runs.length > 0 ? this._poll.start() : this._poll.stop());
    this._changed.emit();
  }

  private _runs: ListedRun[] = [];
  private _disposed = false;
  private _asks = new Throttler(() => this.refresh(), { limit: BETWEEN_QUESTIONS_MS, edge: 'trailing' });
  private _poll = new Poll({
    auto: false,
    factory: () => this.refresh(),
    frequency: { interval: NOW_AND_THEN_MS, backoff: false },
    standby: 'when-hidden'
  });
  private _changed = new Signal<this, void>(this);
}
