import * as React from 'react';
import { asFailure, Failure } from '../api/failure';

/** Something that comes from the server: what was had last, and why the last try failed. */
export interface Loaded<T> {
  value: T | null;
  failure: Failure | null;
  again: () => void;
}

/**
 * Load when the component comes, and again when `key` changes. While that goes on, and if it fails, the last value stays;
 * a component that shows another thing is another component (React's `key`).
 */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = React.useState<{ value: T | null; failure: Failure | null }>({
    value: null,
    failure: null
  });
  const [turn, again] = React.useReducer((count: number) => count + 1, 0);
  const latest = React.useRef(load);
  latest.current = load;
  React.useEffect(() => {
    let wanted = true;
    latest.current().then(
      value => wanted && setState({ value, failure: null }),
      thrown => wanted && setState(old => ({ value: old.value, failure: asFailure(thrown) }))
    );
    return () => {
      wanted = false;
    };
  }, [key, turn]);
  return { ...state, again };
}
