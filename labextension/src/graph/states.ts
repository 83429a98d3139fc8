import type { Counts } from './model';

/** How a state is shown: a word and an icon always, a colour where there is one. */
export interface StateLook {
  readonly word: string;
  /** One character, for text. */
  readonly icon: string;
  /** The same as a path in a square of 16. */
  readonly path: string;
  /** Whether the path is a line to be drawn, not an area to be filled. */
  readonly stroked: boolean;
}

const LOOKS: Readonly<Record<string, StateLook>> = {
  pending: { word: 'pending', icon: '○', path: 'M8 4.2a3.8 3.8 0 1 0 .01 0Z', stroked: true },
  running: { word: 'running', icon: '▶', path: 'M6 4.2v7.6l6-3.8Z', stroked: false },
  cached: { word: 'cached', icon: '◆', path: 'M8 3.4 12.6 8 8 12.6 3.4 8Z', stroked: false },
  skipped: { word: 'skipped', icon: '↷', path: 'M3.8 9.8a4.2 4.2 0 0 1 8-1.6M12.4 4.8v3.6H8.8', stroked: true },
  succeeded: { word: 'succeeded', icon: '✓', path: 'M4 8.4l2.8 2.8L12.2 5.2', stroked: true },
  failed: { word: 'failed', icon: '✗', path: 'M4.8 4.8l6.4 6.4M11.2 4.8l-6.4 6.4', stroked: true },
  canceled: { word: 'canceled', icon: '■', path: 'M5 5h6v6H5Z', stroked: false }
};

/** The task states, what a person wants to know first; a step whose tasks differ shows the first of them. */
export const STATES: readonly string[] = ['running', 'failed', 'canceled', 'pending', 'succeeded', 'cached', 'skipped'];

const DONE: readonly string[] = ['succeeded', 'cached', 'skipped'];

/** The look of a state; one that this version does not know is shown by its word. */
export function look(state: string): StateLook {
  return Object.prototype.hasOwnProperty.call(LOOKS, state)
    ? LOOKS[state]
    : { word: state, icon: '·', path: 'M8 6.2a1.8 1.8 0 1 0 .01 0Z', stroked: false };
}

/** The state's name where it is a known one, else '': for class names. */
export function knownState(state: string): string {
  return STATES.includes(state) ? state : '';
}

/** One state for several tasks. */
export function stateOf(counts: Counts): string {
  const there = Object.keys(counts).filter(state => counts[state] > 0);
  return STATES.find(state => there.includes(state)) ?? there.sort()[0] ?? '';
}

/** How many tasks there are, and how many of them need nothing more. */
export function progress(counts: Counts): { readonly done: number; readonly all: number } {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { done: DONE.reduce((sum, state) => sum + (counts[state] ?? 0), 0), all };
}

/** How many of `states` there are of each; '' does not count. */
export function countStates(states: readonly string[]): Counts {
  const counts: Record<string, number> = {};
  for (const state of states) {
    if (state) {
      counts[state] = (counts[state] ?? 0) + 1;
    }
  }
  return counts;
}
