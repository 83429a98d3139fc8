import * as React from 'react';

/** Seconds since the epoch, drawn anew every so often while `running`. */
export function useNow(everyMs: number, running = true): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (!running) {
      return;
    }
    const timer = window.setInterval(() => setNow(Date.now() / 1000), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs, running]);
  return now;
}
