import { Living } from '../model/living';
import { HomeTab } from '../tokens';
import { HomeTabs } from './homeTabs';
import { Places } from './places';

/** Which project Home shows, and which of its tabs. */
export class HomeModel extends Living {
  constructor(
    readonly tabs: HomeTabs,
    readonly places: Places,
    chosen: string | null
  ) {
    super();
    this._chosen = chosen;
    this._folder = chosen ?? places.current;
    places.changed.connect(this._onPlaces, this);
    tabs.changed.connect(this.emitChanged, this);
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
    this.emitChanged();
  }

  /** The tab that is shown: the one that was opened, or the first; null if there is none. */
  get tab(): HomeTab | null {
    const { all } = this.tabs;
    return all.find(tab => tab.id === this._tab) ?? all[0] ?? null;
  }

  /** Show a tab. */
  open(tab: string): void {
    this._tab = tab;
    this.emitChanged();
  }

  private _onPlaces(): void {
    this._folder = this._chosen ?? this.places.current;
    this.emitChanged();
  }

  private _chosen: string | null;
  private _folder: string;
  private _tab = '';
}
