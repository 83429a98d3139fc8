import { Changing } from '../model/living';

/** What a person chose to see of a run: a task, and with which other run it is compared. */
export class Selection extends Changing {
  /** The task whose details are shown; null: the run as a whole. */
  get task(): string | null {
    return this._task;
  }

  set task(task: string | null) {
    if (task !== this._task) {
      this._task = task;
      this.emitChanged();
    }
  }

  /** Whether the comparison is shown, and with which run (empty: not chosen yet). */
  get other(): string | null {
    return this._other;
  }

  set other(run: string | null) {
    if (run !== this._other) {
      this._other = run;
      this.emitChanged();
    }
  }

  private _task: string | null = null;
  private _other: string | null = null;
}
