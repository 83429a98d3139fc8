import type { Orientation } from './layout/geometry';
import type { GraphData } from './model';
import type { View } from './toolbar';
import type { Translate } from './words';

/** How a graph is shown and what it tells its owner. All is optional. */
export interface GraphOptions {
  /** A step was chosen, or none is any more. */
  readonly onSelect?: (name: string | null) => void;
  /** A step was asked to be opened: Enter or a double click. */
  readonly onActivate?: (name: string) => void;
  /** A menu was asked for at a place of the window. */
  readonly onMenu?: (name: string, at: { readonly x: number; readonly y: number }) => void;
  /** The reader changed between graph and table. */
  readonly onView?: (view: View) => void;
  /** The reader closed or opened a group; all that are closed now. */
  readonly onClosed?: (closed: readonly string[]) => void;
  readonly trans?: Translate;
  readonly orientation?: Orientation;
  readonly view?: View;
  readonly closed?: readonly string[];
  /** In a notebook's output the keys are the graph's while it has the focus, not the notebook's. */
  readonly ownsKeys?: boolean;
}

/** A graph on the screen. */
export interface MountedGraph {
  /** Shows new data; what stays keeps its place, selection, focus and scroll. States alone lay nothing out again. */
  update(data: GraphData): void;
  /** Marks a step as chosen, without telling the owner. */
  select(name: string | null): void;
  /** Brings a step into view and gives it the keyboard's focus. */
  focus(name: string): void;
  /** Removes all it has put into the host and stops listening. */
  dispose(): void;
}
