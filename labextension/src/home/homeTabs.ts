import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { once } from '../api/stream';
import { HomeTab, IHomeTabs } from '../tokens';

/** The tabs of the home view, in the order of their ranks; they may come and go while it is open. */
export class HomeTabs implements IHomeTabs {
  /** Emitted after a tab was added or removed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get all(): readonly HomeTab[] {
    return this._tabs;
  }

  /** Add a tab; dispose the answer to remove it. One with the id of another takes its place. */
  add(tab: HomeTab): IDisposable {
    this._tabs = [...this._tabs.filter(item => item.id !== tab.id), tab].sort((one, other) => one.rank - other.rank);
    this._changed.emit();
    return once(() => {
      this._tabs = this._tabs.filter(item => item !== tab);
      this._changed.emit();
    });
  }

  private _tabs: HomeTab[] = [];
  private _changed = new Signal<this, void>(this);
}
