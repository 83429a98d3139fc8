import { ListedRun } from '../api/shapes';

/**
 * What news did to a list: whether anything in it changed, how many runs came at its top, and whether some have no place
 * in it, so that it has to be asked for again.
 */
export interface Merged {
  changed: boolean;
  added: number;
  unplaced: boolean;
}

/** A long list of runs of which only some are here yet: those that were asked for, at their places. */
export class RunRows {
  /** How many runs there are, here or not. */
  get length(): number {
    return this._rows.length;
  }

  /** The run at a place; undefined if it is not here yet. */
  at(row: number): ListedRun | undefined {
    return this._rows[row];
  }

  /** The runs that are here, in order. */
  get known(): ListedRun[] {
    return this._rows.filter((run): run is ListedRun => run !== undefined);
  }

  /** Where a run is; -1 if it is not here. */
  indexOf(run: string): number {
    return this._rows.findIndex(item => item?.run === run);
  }

  /** Whether a run is here just as it is told. */
  holds(run: ListedRun): boolean {
    return isSame(this._rows[this.indexOf(run.run)], run);
  }

  /** Start anew with a first page. */
  reset(runs: readonly ListedRun[], total: number): void {
    this._rows = [...runs, ...gaps(total - runs.length)];
  }

  /** Put a page at its place. Without the same total the places are not those of before: false, and nothing is done. */
  place(offset: number, runs: readonly ListedRun[], total: number): boolean {
    if (total !== this._rows.length) {
      return false;
    }
    runs.forEach((run, index) => (this._rows[offset + index] = run));
    return true;
  }

  /** Keep only the runs of a window that was just asked again; the list now has `total` of them. */
  renew(offset: number, runs: readonly ListedRun[], total: number): void {
    const before = Math.min(offset, total);
    this._rows = [...gaps(before), ...runs.slice(0, total - before), ...gaps(total - before - runs.length)];
  }

  /**
   * Take the project's newest runs, newest first. Runs that are here are replaced. In a list of all runs, newest first,
   * new ones go to the top, and what is missing among the newest was deleted; in other lists places are not known.
   */
  merge(news: readonly ListedRun[], isNewestFirst: boolean): Merged {
    const places = new Map(this._rows.map((run, row) => [run?.run, row]));
    const fresh = news.filter(run => !places.has(run.run));
    let changed = false;
    for (const run of news) {
      const row = places.get(run.run);
      if (row !== undefined && !isSame(this._rows[row], run)) {
        this._rows[row] = run;
        changed = true;
      }
    }
    if (!isNewestFirst) {
      return { changed, added: 0, unplaced: changed || fresh.length > 0 };
    }
    const gone = this._removeMissing(news);
    const top = this._rows[0];
    const added = fresh.filter(run => top && run.run > top.run);
    if (added.length < fresh.length || (added.length > 0 && added.length === news.length)) {
      return { changed: changed || gone, added: 0, unplaced: true };
    }
    this._rows = [...added, ...this._rows];
    return { changed: changed || gone || added.length > 0, added: added.length, unplaced: gone };
  }

  /** Take a run out. */
  remove(run: string): void {
    this._rows = this._rows.filter(item => item?.run !== run);
  }

  /** Take out what is newer than the oldest of the news and not among them. */
  private _removeMissing(news: readonly ListedRun[]): boolean {
    const told = new Set(news.map(run => run.run));
    const oldest = news[news.length - 1]?.run ?? '';
    const before = this._rows.length;
    this._rows = this._rows.filter(run => run === undefined || run.run < oldest || told.has(run.run));
    return this._rows.length < before;
  }

  private _rows: (ListedRun | undefined)[] = [];
}

function gaps(count: number): undefined[] {
  return new Array<undefined>(Math.max(count, 0)).fill(undefined);
}

function isSame(one: ListedRun | undefined, other: ListedRun): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
