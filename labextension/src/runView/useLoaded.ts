import * as React from 'react';
import { asFailure, Failure } from '../api/failure';

/** Something that comes from the server: what was had last, and why the last try failed. */
export interface Loaded<T> {
  value: T | null;
  failure: Failure | null;
  /** Ask now, unless an answer is awaited already. */
  again: () => void;
}

/**
 * Load when the component comes, and again when `key` changes. While that goes on, and if it fails, the last value stays;
 * a component that shows another thing is another component (React's `key`). One request at a time: an answer that takes
 * longer than it is until the next change is shown, and what changed meanwhile is asked for after it.
 */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = React.useState<{ value: T | null; failure: Failure | null }>({
    value: null,
    failure: null
  });
  const latest = React.useRef(load);
  latest.current = load;
  const work = React.useRef({ isBusy: false, isStale: false, isOver: false });
  const again = React.useCallback((): void => {
    const { current } = work;
    if (current.isBusy || current.isOver) {
      return;
    }
    [current.isBusy, current.isStale] = [true, false];
    latest
      .current()
      .then(
        value => current.isOver || setState({ value, failure: null }),
        thrown => current.isOver || setState(old => ({ value: old.value, failure: asFailure(thrown) }))
      )
      .finally(() => {
        current.isBusy = false;
        if (current.isStale) {
          again();
        }
      });
  }, []);
  React.useEffect(() => {
    work.current.isStale = true;
    again();
  }, [key, again]);
  React.useEffect(() => {
    const { current } = work;
    current.isOver = false;
    return () => {
      current.isOver = true;
    };
  }, []);
  return { ...state, again };
}
