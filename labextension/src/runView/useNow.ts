import * as React from 'react';
import { ServerClock } from '../api/clock';

/** The server's time, drawn anew each second while something goes on and the page is seen. */
export function useNow(clock: ServerClock, goesOn: boolean): number {
  const [, tick] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    if (!goesOn) {
      return;
    }
    const timer = window.setInterval(() => document.hidden || tick(), 1000);
    return () => window.clearInterval(timer);
  }, [goesOn]);
  return clock.now();
}
