import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** Something that tells when it changed. */
export abstract class Changing {
  /** Emitted after anything here changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  protected emitChanged(): void {
    this._changed.emit();
  }

  private _changed = new Signal<this, void>(this);
}

/** Something that tells when it changed, until it is disposed: then it hears and tells nothing any more. */
export abstract class Living extends Changing implements IDisposable {
  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this.release();
      Signal.clearData(this);
    }
  }

  /** Let go of what is held besides signals; called once, when `isDisposed` is already true. */
  protected release(): void {
    // Most hold signals alone.
  }

  private _disposed = false;
}
