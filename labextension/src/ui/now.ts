import * as React from 'react';
import { ServerClock } from '../api/clock';

/** The time in seconds since the epoch, drawn anew every so often while `running` and the page is seen; the same in between. */
export function useNow(everyMs: number, running = true, read: () => number = ofBrowser): number {
  const [now, setNow] = React.useState(read);
  React.useEffect(() => {
    if (!running) {
      return;
    }
    const tick = (): void => {
      if (!document.hidden) {
        setNow(read());
      }
    };
    const timer = window.setInterval(tick, everyMs);
    document.addEventListener('visibilitychange', tick);
    tick();
    return () => {
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [everyMs, running, read]);
  return now;
}

/** The same by the server's clock: with it go the times in its answers. */
export function useServerNow(clock: ServerClock, everyMs: number): number {
  const read = React.useCallback(() => clock.now(), [clock]);
  return useNow(everyMs, true, read);
}

function ofBrowser(): number {
  return Date.now() / 1000;
}
