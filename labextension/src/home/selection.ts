/**
 * Which rows of a list are selected, which one the keyboard is at (`active`), and where a range begins (`anchor`).
 * Rows are places; what is selected are the runs' ids, so that it stays when rows come and go.
 */
export class Selection {
  /** `idAt` gives the id of a row; undefined if it is not here yet. */
  constructor(private _idAt: (row: number) => string | undefined) {}

  get ids(): ReadonlySet<string> {
    return this._ids;
  }

  get active(): number {
    return this._active;
  }

  /** Go to a row without selecting. */
  moveTo(row: number): void {
    this._active = this._anchor = row;
  }

  /** Select one row more or, if it is selected, one less. */
  toggle(row: number): void {
    this.moveTo(row);
    const id = this._idAt(row);
    if (id !== undefined) {
      const ids = new Set(this._ids);
      if (!ids.delete(id)) {
        ids.add(id);
      }
      this._ids = ids;
    }
  }

  /** Select this row and no other. */
  only(row: number): void {
    this._ids = new Set();
    this.toggle(row);
  }

  /** Select all rows from where the range began to this one; rows that are not here yet are left out. */
  extendTo(row: number): void {
    const from = this._anchor < 0 ? row : this._anchor;
    this._ids = new Set([...this._ids, ...this._between(Math.min(from, row), Math.max(from, row) + 1)]);
    this._active = row;
    this._anchor = from;
  }

  /** Select the first `count` rows, as far as they are here. */
  all(count: number): void {
    this._ids = new Set(this._between(0, count));
  }

  clear(): void {
    this._ids = new Set();
  }

  /** The list has new rows at its top. */
  shift(count: number): void {
    this._active += this._active < 0 ? 0 : count;
    this._anchor += this._anchor < 0 ? 0 : count;
  }

  /** A run is no longer in the list. */
  forget(id: string): void {
    const ids = new Set(this._ids);
    if (ids.delete(id)) {
      this._ids = ids;
    }
  }

  private _between(first: number, last: number): string[] {
    const ids: string[] = [];
    for (let row = first; row < last; row++) {
      const id = this._idAt(row);
      if (id !== undefined) {
        ids.push(id);
      }
    }
    return ids;
  }

  private _ids: ReadonlySet<string> = new Set();
  private _active = -1;
  private _anchor = -1;
}
