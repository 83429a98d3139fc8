import { Poll, Throttler } from '@lumino/polling';
import { Client } from '../api/client';
import { ListedRun } from '../api/shapes';
import { EventStream } from '../api/stream';
import { isOver } from '../model/runModel';
import { FolderRuns } from './folderRuns';

const BETWEEN_QUESTIONS_MS = 1000;
const NOW_AND_THEN_MS = 15000;
const MOST = 100;

/** The runs of a project that run or wait. News of the folder say when to ask; old ones are asked for now and then. */
export class ActiveRuns extends FolderRuns {
  constructor(folder: string, client: Client, stream: EventStream) {
    super(folder, client, stream);
    void this.refresh();
  }

  get runs(): readonly ListedRun[] {
    return this._runs;
  }

  /** Ask the server. Never rejects: without an answer the runs stay those that were last heard of. */
  async refresh(): Promise<void> {
    const query = "state in ('running', 'pending')";
    const asked = (this._asked += 1);
    this._meanwhile = [];
    const page = await this.client.runs({ folder: this.folder, query, limit: MOST }).catch(() => null);
    if (page && asked === this._asked && !this.isDisposed) {
      // What was heard since may be newer than the answer.
      this._set([...activeOf(this._meanwhile), ...without(page.runs, this._meanwhile)]);
    }
  }

  protected override release(): void {
    this._asks.dispose();
    this._poll.dispose();
  }

  protected override hear(runs: readonly ListedRun[]): void {
    const older = without(this._runs, runs);
    this._meanwhile = runs;
    this._set([...activeOf(runs), ...older]);
    if (older.length > 0) {
      void this._asks.invoke().catch(() => undefined);
    }
  }

  private _set(runs: ListedRun[]): void {
    this._runs = runs;
    void (runs.length > 0 ? this._poll.start() : this._poll.stop());
    this.emitChanged();
  }

  private _runs: ListedRun[] = [];
  private _asked = 0;
  private _meanwhile: readonly ListedRun[] = [];
  private _asks = new Throttler(() => this.refresh(), { limit: BETWEEN_QUESTIONS_MS, edge: 'trailing' });
  private _poll = new Poll({
    auto: false,
    factory: () => this.refresh(),
    frequency: { interval: NOW_AND_THEN_MS, backoff: false },
    standby: 'when-hidden'
  });
}

function activeOf(runs: readonly ListedRun[]): ListedRun[] {
  return runs.filter(run => !isOver(run.state));
}

function without(runs: readonly ListedRun[], others: readonly ListedRun[]): ListedRun[] {
  const told = new Set(others.map(run => run.run));
  return runs.filter(run => !told.has(run.run));
}
