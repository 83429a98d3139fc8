import { IDisposable } from '@lumino/disposable';
import { Debouncer, Throttler } from '@lumino/polling';
import { Client, RunQuery } from '../api/client';
import { asFailure, Failure } from '../api/failure';
import { ListedRun, RunPage } from '../api/shapes';
import { EventStream } from '../api/stream';
import { Column, Fact, factsOf } from './columns';
import { Filters, isEmpty, NO_FILTERS, queryOf } from './filters';
import { FolderRuns } from './folderRuns';
import { RunRows } from './runRows';
import { Selection } from './selection';
import { missingPages, RowWindow } from './window';

const PAGE = 200;
const WHILE_SCROLLING_MS = 50;
const BETWEEN_RENEWALS_MS = 2000;

/** By which column the runs are sorted. */
export interface Order {
  column: string;
  key: string;
  descending: boolean;
}

/** The runs of a project as a list: filtered and sorted by the server, loaded as far as they are looked at, kept new. */
export class RunsModel extends FolderRuns {
  constructor(folder: string, client: Client, stream: EventStream) {
    super(folder, client, stream);
    stream.connectedChanged.connect(this._onConnected, this);
    this._watching = stream.watch(folder);
    void this.load();
  }

  readonly rows = new RunRows();
  readonly selection = new Selection(row => this.rows.at(row)?.run);

  /** How many runs came at the top since the list was loaded: what was seen is that much further down. */
  get addedAbove(): number {
    return this._addedAbove;
  }

  /** Counts the lists: another number is another list, to be seen from its top. */
  get list(): number {
    return this._list;
  }

  get filters(): Filters {
    return this._filters;
  }

  /** Null: newest first. */
  get order(): Order | null {
    return this._order;
  }

  /** Whether a list for the filters and the order is awaited; the one before is still here. */
  get loading(): boolean {
    return this._loading;
  }

  /** Why the runs could not be had; null after a success. */
  get failure(): Failure | null {
    return this._failure;
  }

  /** What the server says is wrong with the filter's text. */
  get queryFailure(): Failure | null {
    return this._queryFailure;
  }

  /** The parameters and metrics of the runs that are here. */
  get facts(): readonly Fact[] {
    return this._facts;
  }

  /** Names of pipelines and experiments that were seen, to pick from. */
  get pipelines(): readonly string[] {
    return [...this._pipelines].sort();
  }

  get experiments(): readonly string[] {
    return [...this._experiments].sort();
  }

  /** Show other runs. */
  filter(filters: Filters): Promise<void> {
    this._filters = filters;
    this.selection.clear();
    return this.load();
  }

  /** Sort by a column; once more: the other way round; a third time: newest first again, as it is without an order. */
  sortBy(column: Column): Promise<void> {
    const first = column.isNumber;
    if (this._order?.column !== column.id) {
      this._order = { column: column.id, key: column.key, descending: first };
    } else {
      const isLast = this._order.descending !== first || column.id === 'started';
      this._order = isLast ? null : { ...this._order, descending: !first };
    }
    return this.load();
  }

  /** Load the list from its beginning. Never rejects: `failure` and `queryFailure` say what went wrong. */
  async load(): Promise<void> {
    const asking = (this._asking += 1);
    this._loading = true;
    this._pending.clear();
    this._refused.clear();
    this.emitChanged();
    try {
      const page = await this._ask(0, PAGE);
      if (asking === this._asking) {
        this.rows.reset(page.runs, page.total);
        this._failure = this._queryFailure = null;
        this._list += 1;
        this._addedAbove = 0;
        this.selection.moveTo(this.rows.length > 0 ? 0 : -1);
      }
    } catch (thrown) {
      if (asking === this._asking) {
        await this._fail(asFailure(thrown), asking);
      }
    }
    if (asking === this._asking) {
      this._loading = false;
      this._learn();
      this._compareHeard();
    }
  }

  /** Rows that are looked at: what is not here yet is loaded soon. */
  show(window: RowWindow): void {
    if (window.first !== this._window.first || window.last !== this._window.last) {
      // Who looks elsewhere, or looks again, wants another try.
      this._refused.clear();
    }
    this._window = window;
    if (this._missing().length > 0) {
      void this._loads.invoke().catch(() => undefined);
    }
  }

  /** Something of `selection` was changed. */
  selected(): void {
    this.emitChanged();
  }

  /** A run was deleted. */
  forget(run: string): void {
    this.rows.remove(run);
    this.selection.forget(run);
    this._learn();
    // What was asked before may still be answered with it.
    this._renewSoon();
  }

  protected override release(): void {
    this._asking += 1;
    this._watching.dispose();
    this._loads.dispose();
    this._renewals.dispose();
  }

  private get _isNewestFirst(): boolean {
    return this._order === null && isEmpty(this._filters);
  }

  private _ask(offset: number, limit: number): Promise<RunPage> {
    const asked: RunQuery = { folder: this.folder, query: queryOf(this._filters), limit, offset };
    return this.client.runs(
      this._order ? { ...asked, order_by: `${this._order.key}${direction(this._order)}` } : asked
    );
  }

  private async _fail(failure: Failure, asking: number): Promise<void> {
    const { text } = this._filters;
    if (failure.status !== 400 || !text.trim()) {
      [this._failure, this._queryFailure] = [failure, null];
      return;
    }
    [this._failure, this._queryFailure] = [null, failure];
    if (queryOf(this._filters) !== text.trim()) {
      // The message tells a position in the whole query: what it is in the field is told for the text alone.
      const alone = this.client.runs({ folder: this.folder, query: text, limit: 1 });
      const told = await alone.then(() => null, asFailure);
      if (told?.status === 400 && asking === this._asking) {
        this._queryFailure = told;
      }
    }
  }

  private _missing(): number[] {
    const pages = missingPages(this._window, PAGE, row => this.rows.at(row) !== undefined);
    return pages.filter(page => !this._pending.has(page) && !this._refused.has(page));
  }

  private async _loadMissing(): Promise<void> {
    await Promise.all(this._missing().map(page => this._loadPage(page)));
  }

  private async _loadPage(page: number): Promise<void> {
    const asking = this._asking;
    this._pending.add(page);
    try {
      const found = await this._ask(page * PAGE, PAGE);
      if (asking !== this._asking) {
        return;
      }
      this._failure = null;
      if (!this.rows.place(page * PAGE, found.runs, found.total)) {
        this._refused.add(page);
        this._renewSoon();
      }
    } catch (thrown) {
      if (asking !== this._asking) {
        return;
      }
      this._refused.add(page);
      this._failure = asFailure(thrown);
    }
    this._pending.delete(page);
    this._learn();
  }

  /** Ask again for what is looked at, and forget the rest: it may have changed as well. */
  private async _renew(): Promise<void> {
    const asking = this._asking;
    const first = Math.max(this._window.first - PAGE / 2, 0);
    try {
      const page = await this._ask(first, Math.max(PAGE, this._window.last - first));
      if (asking === this._asking && !this._loading) {
        this.rows.renew(first, page.runs, page.total);
        this._refused.clear();
        if (this.selection.active < 0 && page.total > 0) {
          this.selection.moveTo(0);
        }
        this._failure = null;
        this._learn();
      }
    } catch {
      // What is here stays; the connection or the next news bring the next try.
    }
  }

  private _renewSoon(): void {
    void this._renewals.invoke().catch(() => undefined);
  }

  protected override hear(runs: readonly ListedRun[]): void {
    if (this._loading) {
      this._heard = runs;
      return;
    }
    if (this.rows.length === 0 && !this._queryFailure) {
      if (runs.length > 0) {
        this._renewSoon();
      }
      return;
    }
    const { changed, added, unplaced } = this.rows.merge(runs, this._isNewestFirst);
    if (added > 0) {
      this.selection.shift(added);
      this._addedAbove += added;
    }
    if (unplaced) {
      this._renewSoon();
    }
    if (changed) {
      this._learn();
    }
  }

  /** The list that was awaited may be older than what was heard meanwhile. */
  private _compareHeard(): void {
    if (this._heard.some(run => !this.rows.holds(run))) {
      this._renewSoon();
    }
    this._heard = [];
  }

  private _onConnected(_: EventStream, connected: boolean): void {
    if (connected) {
      this._renewSoon();
    }
  }

  /** Look through what is here, and tell that it is there. */
  private _learn(): void {
    if (this.isDisposed) {
      return;
    }
    const known = this.rows.known;
    this._facts = factsOf(known);
    for (const run of known) {
      this._pipelines.add(run.pipeline);
      this._experiments.add(run.experiment);
    }
    this.emitChanged();
  }

  private _filters = NO_FILTERS;
  private _order: Order | null = null;
  private _loading = false;
  private _failure: Failure | null = null;
  private _queryFailure: Failure | null = null;
  private _facts: Fact[] = [];
  private _pipelines = new Set<string>();
  private _experiments = new Set<string>();
  private _window: RowWindow = { first: 0, last: 0 };
  private _pending = new Set<number>();
  /** Pages that could not be had: they are not asked for again by themselves. */
  private _refused = new Set<number>();
  private _heard: readonly ListedRun[] = [];
  private _asking = 0;
  private _list = 0;
  private _addedAbove = 0;
  private _watching: IDisposable;
  private _loads = new Debouncer(() => this._loadMissing(), WHILE_SCROLLING_MS);
  private _renewals = new Throttler(() => this._renew(), { limit: BETWEEN_RENEWALS_MS, edge: 'trailing' });
}

function direction(order: Order): string {
  return order.descending ? ' desc' : '';
}
