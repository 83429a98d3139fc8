import { asFailure, Failure } from '../api/failure';
import { Living } from '../model/living';
import { LogBuffer, Piece } from './logBuffer';

/** Bytes that are asked for at once. */
export const PIECE_BYTES = 256 * 1024;
const MOST_PIECES_A_SEARCH = 200;

/** Reads at most `limit` bytes of a log from `start` on; below 0 from its end. */
export type ReadLog = (start: number, limit: number) => Promise<Piece>;

/**
 * A log that is looked at: first its end, then what is before or after, as it is asked for. One request at a time; a
 * failure is kept until the next success.
 */
export class LogModel extends Living {
  constructor(
    private _read: ReadLog,
    readonly buffer = new LogBuffer()
  ) {
    super();
  }

  /** Whether there was an answer, or a failure, yet. */
  get loaded(): boolean {
    return this._loaded;
  }

  get failure(): Failure | null {
    return this._failure;
  }

  /** Lines that came at the beginning less those that went there: what was line 0 is now line `shift` further. */
  get shift(): number {
    return this._shift;
  }

  get atStart(): boolean {
    return this.buffer.start === 0;
  }

  get atEnd(): boolean {
    return this.buffer.end >= this.buffer.size;
  }

  /** Look at the end of the log. */
  openEnd(): Promise<void> {
    return this._after(async () => this.buffer.reset(await this._read(-PIECE_BYTES, PIECE_BYTES)));
  }

  /** Look at its beginning. */
  openStart(): Promise<void> {
    return this._after(async () => this.buffer.reset(await this._read(0, PIECE_BYTES)));
  }

  /** Load what is before. */
  earlier(): Promise<void> {
    return this._once(async () => {
      const start = Math.max(0, this.buffer.start - PIECE_BYTES);
      if (this.buffer.start > 0) {
        this._shift += this.buffer.prepend(await this._read(start, this.buffer.start - start));
      }
    });
  }

  /** Load what is after, also what was printed since. */
  later(): Promise<void> {
    return this._once(() => this._append());
  }

  /** Load what was printed until now: an answer that is awaited already may be older. */
  catchUp(): Promise<void> {
    return this._after(() => this._append());
  }

  /** Try again what failed. */
  again(): Promise<void> {
    return this._once(this._failed ?? (() => this._append()));
  }

  /** Load on in one direction until `found` says that it is there, or the log ends. True if it was found. */
  async seek(forward: boolean, found: () => boolean): Promise<boolean> {
    for (let piece = 0; piece < MOST_PIECES_A_SEARCH && !this.isDisposed; piece += 1) {
      if (forward ? this.atEnd : this.atStart) {
        return false;
      }
      await (forward ? this.later() : this.earlier());
      if (this._failure) {
        return false;
      }
      if (found()) {
        return true;
      }
    }
    return false;
  }

  /** The whole log, in parts, to save. */
  async whole(): Promise<Blob> {
    const texts: string[] = [];
    let [start, size] = [0, 1];
    while (start < size) {
      const piece = await this._read(start, 4 * 1024 * 1024);
      texts.push(piece.text);
      if (piece.end <= start) {
        break;
      }
      [start, size] = [piece.end, piece.size];
    }
    return new Blob(texts, { type: 'text/plain' });
  }

  private async _append(): Promise<void> {
    this._shift -= this.buffer.append(await this._read(this.buffer.end, PIECE_BYTES));
  }

  /** Do it when nothing is being loaded any more. */
  private async _after(work: () => Promise<void>): Promise<void> {
    while (this._working) {
      await this._working;
    }
    return this._once(work);
  }

  /** Do it unless something is being loaded already: then wait for that. */
  private _once(work: () => Promise<void>): Promise<void> {
    this._working =
      this._working ??
      work()
        .then(
          () => (this._failed = this._failure = null),
          thrown => ([this._failed, this._failure] = [work, asFailure(thrown)])
        )
        .then(() => {
          this._working = null;
          this._loaded = true;
          if (!this.isDisposed) {
            this.emitChanged();
          }
        });
    return this._working;
  }

  private _loaded = false;
  private _shift = 0;
  private _failure: Failure | null = null;
  private _failed: (() => Promise<void>) | null = null;
  private _working: Promise<void> | null = null;
}
