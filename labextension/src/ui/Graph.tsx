import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { type GraphData, type GraphOptions, type MountedGraph, mountGraph } from '../graph';

/** What a graph shows and tells; all but data and words is optional. Orientation, view and closed groups count when it appears. */
export interface IGraphProps extends Omit<GraphOptions, 'trans' | 'ownsKeys'> {
  readonly data: GraphData;
  readonly translation: TranslationBundle;
  readonly selected?: string | null;
  /** A step to bring into view and to give the focus: each new object does so once. */
  readonly focus?: { readonly name: string };
}

/** The graph of a pipeline or run as a React component: the drawing lives on its own below it. */
export function Graph(props: IGraphProps): React.ReactElement {
  const { data, translation, selected = null, focus } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const graph = React.useRef<MountedGraph | null>(null);
  const latest = React.useRef(props);
  latest.current = props;

  React.useEffect(() => {
    if (!host.current) {
      return;
    }
    const mounted = mountGraph(host.current, latest.current.data, optionsOf(latest, translation));
    graph.current = mounted;
    return () => {
      graph.current = null;
      mounted.dispose();
    };
  }, [translation, props.orientation]);

  React.useEffect(() => graph.current?.update(data), [data]);
  React.useEffect(() => graph.current?.select(selected), [selected, translation, props.orientation]);
  React.useEffect(() => {
    if (focus) {
      graph.current?.focus(focus.name);
    }
  }, [focus]);

  return <div ref={host} className="jp-mlops-GraphHost" />;
}

/** Callbacks are looked up when they are called: a new function in the props draws nothing again. */
function optionsOf(latest: React.MutableRefObject<IGraphProps>, translation: TranslationBundle): GraphOptions {
  const { orientation, view, closed, onMenu } = latest.current;
  return {
    orientation,
    view,
    closed,
    trans: (text, ...args) => translation.__(text, ...args),
    onSelect: name => latest.current.onSelect?.(name),
    onActivate: name => latest.current.onActivate?.(name),
    onView: shown => latest.current.onView?.(shown),
    onClosed: groups => latest.current.onClosed?.(groups),
    // Without one the browser's own menu opens.
    onMenu: onMenu && ((name, at) => latest.current.onMenu?.(name, at))
  };
}
