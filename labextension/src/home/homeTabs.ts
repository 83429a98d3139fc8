import { IDisposable } from '@lumino/disposable';
import { once } from '../api/stream';
import { Changing } from '../model/living';
import { HomeTab, IHomeTabs } from '../tokens';

/** The tabs of the home view, in the order of their ranks; they may come and go while it is open. */
export class HomeTabs extends Changing implements IHomeTabs {
  get all(): readonly HomeTab[] {
    return this._tabs;
  }

  /** Add a tab; dispose the answer to remove it. One with the id of another takes its place. */
  add(tab: HomeTab): IDisposable {
    this._tabs = [...this._tabs.filter(item => item.id !== tab.id), tab].sort((one, other) => one.rank - other.rank);
    this.emitChanged();
    return once(() => {
      this._tabs = this._tabs.filter(item => item !== tab);
      this.emitChanged();
    });
  }

  private _tabs: HomeTab[] = [];
}
