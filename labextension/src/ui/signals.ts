import { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Draw the component again whenever the signal is emitted, at most once an animation frame. */
export function useSignal<S, A>(signal: ISignal<S, A> | null | undefined): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    if (!signal) {
      return;
    }
    let frame = 0;
    const slot = (): void => {
      frame = frame || requestAnimationFrame(() => ((frame = 0), redraw()));
    };
    signal.connect(slot);
    redraw();
    return () => {
      cancelAnimationFrame(frame);
      signal.disconnect(slot);
    };
  }, [signal]);
}
