import { fireEvent } from '@testing-library/react';
import { afterEach } from 'vitest';
import { type GraphData, type GraphOptions, type MountedGraph, mountGraph } from '../../src/graph';

/** What tests need of a mounted graph. */
export interface Screen {
  readonly host: HTMLElement;
  readonly graph: MountedGraph;
  readonly root: HTMLElement;
  card(step: string): SVGElement;
  steps(): string[];
  press(key: string, more?: KeyboardEventInit): boolean;
  focused(): string | undefined;
}

const mounted: MountedGraph[] = [];

afterEach(() => {
  mounted.splice(0).forEach(graph => graph.dispose());
  document.body.replaceChildren();
});

/** Mounts a graph in the document; it is disposed of after the test. */
export function show(data: GraphData, options: GraphOptions = {}): Screen {
  const host = document.createElement('main');
  document.body.append(host);
  const graph = mountGraph(host, data, options);
  mounted.push(graph);
  const root = host.querySelector<HTMLElement>('[data-testid=mlops-graph]')!;
  return {
    host,
    graph,
    root,
    card: step => root.querySelector<SVGElement>(`[data-testid=mlops-node][data-step="${step}"]`)!,
    steps: () => [...root.querySelectorAll<SVGElement>('[data-testid=mlops-node]')].map(card => card.dataset['step']!),
    press: (key, more = {}) => fireEvent.keyDown(document.activeElement!, { key, ...more }),
    focused: () => (document.activeElement as unknown as SVGElement).dataset['step']
  };
}
