import { ISignal, Signal } from '@lumino/signaling';
import { HomeTab } from '../tokens';
import { HomeTabs } from './homeTabs';
import { Places } from './places';

/** Which project Home shows, and which of its tabs. */
export class HomeModel {
  constructor(
    readonly tabs: HomeTabs,
    readonly places: Places,
    chosen: string | null
  ) {
    this._chosen = chosen;
    this._folder = chosen ?? places.current;
    places.changed.connect(this._onPlaces, this);
    tabs.changed.connect(this._tell, this);
  }

  /** Emitted after anything here changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A folder of the project that is shown, relative to the server's root. */
  get folder(): string {
    return this._folder;
  }

  /** The folder that a person chose; null: the one where they work is followed. */
  get chosen(): string | null {
    return this._chosen;
  }

  set chosen(folder: string | null) {
    this._chosen = folder;
    this._folder = folder ?? this.places.current;
    this._tell();
  }

  /** The tab that is shown: the one that was opened, or the first; null if there is none. */
  get tab(): HomeTab | null {
    const { all } = this.tabs;
    return all.find(tab => tab.id === this._tab) ?? all[0] ?? null;
  }

  /** Show a tab. */
  open(tab: string): void {
    this._tab = tab;
    this._tell();
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private _onPlaces(): void {
    this._folder = this._chosen ?? this.places.current;
    this._tell();
  }

  private _tell(): void {
    this._changed.emit();
  }

  private _chosen: string | null;
  private _folder: string;
  private _tab = '';
  private _changed = new Signal<this, void>(this);
}
