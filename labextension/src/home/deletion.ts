import { ISignal, Signal } from '@lumino/signaling';
import { Client } from '../api/client';
import { asFailure, Failure } from '../api/failure';
import { Changing } from '../model/living';

/** Runs that are deleted one after the other: how far that is, and what could not be deleted. */
export class Deletion extends Changing {
  constructor(private _client: Client) {
    super();
  }

  /** Emitted with the id of each run that is gone. */
  get deleted(): ISignal<this, string> {
    return this._deleted;
  }

  /** How many are done of how many; null if nothing is being deleted. */
  get progress(): { done: number; total: number } | null {
    return this._progress;
  }

  /** The runs that could not be deleted the last time, and why. */
  get left(): readonly { run: string; failure: Failure }[] {
    return this._left;
  }

  /** Forget what could not be deleted. */
  dismiss(): void {
    this._left = [];
    this.emitChanged();
  }

  /** The project whose runs are, or were last, deleted. */
  get folder(): string {
    return this._folder;
  }

  /** Delete runs. Never rejects: `left` says what could not be deleted. */
  async start(folder: string, runs: readonly string[]): Promise<void> {
    this._folder = folder;
    this._left = [];
    for (const [done, run] of runs.entries()) {
      this._progress = { done, total: runs.length };
      this.emitChanged();
      try {
        await this._client.delete({ run, folder });
        this._deleted.emit(run);
      } catch (thrown) {
        this._take(run, asFailure(thrown));
      }
    }
    this._progress = null;
    this.emitChanged();
  }

  /** What somebody else has deleted is gone as wanted. */
  private _take(run: string, failure: Failure): void {
    if (failure.status === 404 && failure.code !== 'missing') {
      this._deleted.emit(run);
    } else {
      this._left = [...this._left, { run, failure }];
    }
  }

  private _folder = '';
  private _progress: { done: number; total: number } | null = null;
  private _left: { run: string; failure: Failure }[] = [];
  private _deleted = new Signal<this, string>(this);
}
