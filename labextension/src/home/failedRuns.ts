import { Throttler } from '@lumino/polling';
import { Client } from '../api/client';
import { quoted } from '../api/query';
import { ListedRun } from '../api/shapes';
import { EventStream } from '../api/stream';
import { isOver } from '../model/runModel';
import { Attention, needsAttention } from './attention';
import { FolderRuns } from './folderRuns';

const BETWEEN_QUESTIONS_MS = 3000;
const MOST_FAILED = 100;
const MOST_PIPELINES = 12;
const DAY_S = 86400;

/** The failed runs of a project that need attention. Asked for again when runs end or go. */
export class FailedRuns extends FolderRuns {
  constructor(
    folder: string,
    client: Client,
    stream: EventStream,
    private _days: () => number
  ) {
    super(folder, client, stream);
    void this.refresh();
  }

  get found(): readonly Attention[] {
    return this._found;
  }

  /** Ask the server. Never rejects: without an answer it stays as it was. */
  async refresh(): Promise<void> {
    const asked = (this._asked += 1);
    try {
      const since = Date.now() / 1000 - this._days() * DAY_S;
      const query = `state = 'failed' and created > ${Math.floor(since)}`;
      const { runs } = await this.client.runs({ folder: this.folder, query, limit: MOST_FAILED });
      const pipelines = [...new Set(runs.map(run => run.pipeline))].slice(0, MOST_PIPELINES);
      const succeeded = new Map(await Promise.all(pipelines.map(name => this._succeeded(name))));
      if (asked === this._asked && !this.isDisposed) {
        const known = runs.filter(run => succeeded.has(run.pipeline));
        this._found = needsAttention(known, succeeded, since);
        this.emitChanged();
      }
    } catch {
      // It stays as it was.
    }
  }

  /** A run was deleted. An older one of its pipeline may need attention instead: that is asked for soon, once for many. */
  forget(run: string): void {
    this._found = this._found.filter(item => item.run.run !== run);
    this.emitChanged();
    this._askSoon();
  }

  protected override release(): void {
    this._asks.dispose();
  }

  /** When the newest success of a pipeline was created; long ago if there is none. */
  private async _succeeded(pipeline: string): Promise<[string, number]> {
    const query = `state = 'succeeded' and pipeline = ${quoted(pipeline)}`;
    const { runs } = await this.client.runs({ folder: this.folder, query, limit: 1 });
    return [pipeline, runs[0]?.created ?? -Infinity];
  }

  protected override hear(runs: readonly ListedRun[]): void {
    const ended = runs.filter(run => isOver(run.state)).map(run => `${run.run} ${run.state}`);
    const heard = ended.join('\n');
    if (heard !== this._heard) {
      this._heard = heard;
      this._askSoon();
    }
  }

  private _askSoon(): void {
    void this._asks.invoke().catch(() => undefined);
  }

  private _found: Attention[] = [];
  private _heard = '';
  private _asked = 0;
  private _asks = new Throttler(() => this.refresh(), { limit: BETWEEN_QUESTIONS_MS, edge: 'trailing' });
}
