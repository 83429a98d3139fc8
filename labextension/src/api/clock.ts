/** How far the clock may be off before it is set anew: the server's `Date` has whole seconds, and answers take time. */
const TOLERANCE_S = 2;

/**
 * The server's clock. It goes on with the browser's steady clock, so that a jump of the wall clock of this machine is not
 * seen; each answer of the server sets it right again.
 */
export class ServerClock {
  constructor(
    private _steady: () => number = () => performance.now() / 1000,
    private _wall: () => number = () => Date.now() / 1000
  ) {}

  /** Take the `Date` header of an answer that came just now. */
  hear(date: string | null): void {
    const said = date === null ? NaN : Date.parse(date) / 1000;
    if (!Number.isFinite(said)) {
      return;
    }
    if (this._ahead === null || Math.abs(said - this.now()) > TOLERANCE_S) {
      this._ahead = said - this._steady();
    }
  }

  /** Seconds since the epoch, as the server counts them; by this machine's clock before the first answer. */
  now(): number {
    return this._ahead === null ? this._wall() : this._ahead + this._steady();
  }

  private _ahead: number | null = null;
}

/** Seconds between two times; null before the start. Never negative: clocks of two machines may differ. */
export function elapsed(
  started: number | null | undefined,
  finished: number | null | undefined,
  now: number
): number | null {
  return started === null || started === undefined ? null : Math.max(0, (finished ?? now) - started);
}
