import { IStateDB } from '@jupyterlab/statedb';
import { JSONObject } from '@lumino/coreutils';
import { Changing } from '../model/living';
import { Chosen } from './columns';

const KEY = 'jupyter-mlops:home';
const MOST_QUERIES = 20;

/** What Home remembers from one time to the next: columns that were chosen, and filters that were used. */
export class Memory extends Changing {
  constructor(private _state: IStateDB | null) {
    super();
    void this._recall();
  }

  get columns(): Chosen {
    return this._columns;
  }

  set columns(columns: Chosen) {
    this._columns = columns;
    this._keep();
  }

  /** Filters that found something, the last one first. */
  get queries(): readonly string[] {
    return this._queries;
  }

  /** A filter was used. */
  use(query: string): void {
    if (query.trim() && query !== this._queries[0]) {
      this._queries = [query, ...this._queries.filter(item => item !== query)].slice(0, MOST_QUERIES);
      this._keep();
    }
  }

  private async _recall(): Promise<void> {
    const kept = (await this._state?.fetch(KEY).catch(() => undefined)) as JSONObject | undefined;
    if (kept) {
      const { columns, queries } = kept;
      this._columns = columns && typeof columns === 'object' && !Array.isArray(columns) ? (columns as Chosen) : {};
      this._queries = Array.isArray(queries) ? queries.filter((item): item is string => typeof item === 'string') : [];
      this.emitChanged();
    }
  }

  private _keep(): void {
    void this._state?.save(KEY, { columns: { ...this._columns }, queries: [...this._queries] }).catch(() => undefined);
    this.emitChanged();
  }

  private _columns: Chosen = {};
  private _queries: string[] = [];
}
