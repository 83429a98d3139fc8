import * as React from 'react';

/** Seconds since the epoch, drawn anew every so often while `running` and the page is seen; the same in between. */
export function useNow(everyMs: number, running = true): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (!running) {
      return;
    }
    const tick = (): void => {
      if (!document.hidden) {
        setNow(Date.now() / 1000);
      }
    };
    const timer = window.setInterval(tick, everyMs);
    document.addEventListener('visibilitychange', tick);
    tick();
    return () => {
      window.clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [everyMs, running]);
  return now;
}
