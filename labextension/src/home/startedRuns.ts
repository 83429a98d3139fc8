import { IStateDB } from '@jupyterlab/statedb';
import { CommandRegistry } from '@lumino/commands';
import { ISignal, Signal } from '@lumino/signaling';
import { Run, RunRef } from '../api/shapes';
import { Followed, Runs } from '../model/runs';
import { CommandIDs, refOfArgs } from '../tokens';

const KEY = 'jupyter-mlops:started-runs';
const MOST = 50;

/**
 * The runs that were started in this browser and are not over; they are known again after the page was loaded anew.
 * Which they are is heard from the commands that start runs.
 */
export class StartedRuns {
  constructor(
    private _runs: Runs,
    private _state: IStateDB | null,
    private _folder: () => string
  ) {
    void this._recall();
  }

  /** Emitted when one of them is over. */
  get ended(): ISignal<this, { ref: RunRef; run: Run }> {
    return this._ended;
  }

  /** Hear from these commands of runs that are started. */
  listen(commands: CommandRegistry): void {
    commands.commandExecuted.connect((_, { id, args, result }) => {
      const folder = this._folder();
      if (STARTING.includes(id)) {
        void result.then(
          run => this._follow(typeof run === 'string' ? { run, folder } : null),
          () => undefined
        );
      } else if (id === CommandIDs.retryRun) {
        void result.then(
          done => this._follow(done === true ? refOfArgs(args) : null, true),
          () => undefined
        );
      }
    });
  }

  /** `again`: it has ended before, and what it is until its new engine has begun is not its end. */
  private _follow(ref: RunRef | null, again = false): void {
    if (!ref || this._followed.has(ref.run) || this._followed.size >= MOST) {
      return;
    }
    const followed = this._runs.follow(ref);
    this._followed.set(ref.run, followed);
    let before = again ? null : '';
    const look = (): void => {
      const { run, isOver, deleted, failure } = followed.model;
      // Kept from an earlier time, it may be gone before it was ever loaded here.
      const isGone = deleted || (!run && failure?.code === 'not_found');
      if (run && before === null) {
        before = endText(run);
      }
      if (isGone || (run && isOver && endText(run) !== before)) {
        followed.model.changed.disconnect(look);
        this._forget(ref.run);
        if (run && !isGone) {
          this._ended.emit({ ref, run });
        }
      }
    };
    followed.model.changed.connect(look);
    this._keep();
    look();
  }

  private _forget(run: string): void {
    this._followed.get(run)?.dispose();
    this._followed.delete(run);
    this._keep();
  }

  private _keep(): void {
    const refs = [...this._followed.values()].map(({ model }) => ({ run: model.ref.run, folder: model.ref.folder }));
    void this._state?.save(KEY, { refs }).catch(() => undefined);
  }

  private async _recall(): Promise<void> {
    const kept = (await this._state?.fetch(KEY).catch(() => undefined)) as { refs?: unknown } | undefined;
    if (Array.isArray(kept?.refs)) {
      kept.refs.forEach(ref => this._follow(refOfArgs(ref)));
    }
  }

  private _followed = new Map<string, Followed>();
  private _ended = new Signal<this, { ref: RunRef; run: Run }>(this);
}

const STARTING: readonly string[] = [CommandIDs.runNotebook, CommandIDs.runFrom, CommandIDs.runOnly];

function endText(run: Run): string {
  return `${run.state} ${run.seconds}`;
}
