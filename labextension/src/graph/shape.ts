import { CARD } from './card';
import { type Ways, waysOf } from './keys';
import { type Label, placeLabels } from './labels';
import type { Layout, Orientation } from './layout/geometry';
import { layOut } from './layout/layout';
import { textWidth } from './measure';
import { type GraphData, titleOf } from './model';
import { shortNames } from './words';

/** Beyond this many edges labels would hide the graph: then only edges of the chosen step have theirs. */
const MOST_LABELS = 80;
const BESIDE_NAME = 46 + 14;

/** Where everything of a graph stands. States change nothing of it. */
export interface Shape {
  readonly layout: Layout;
  /** Labels by the number of their edge. */
  readonly labels: ReadonlyMap<number, Label>;
  readonly ways: Ways;
}

/** Lays a graph out. */
export function shapeOf(data: GraphData, orientation: Orientation): Shape {
  const width = cardWidth(data);
  const boxes = data.nodes.map(node => ({
    name: node.name,
    width,
    height: CARD.height,
    group: node.group,
    last: node.exit
  }));
  const layout = layOut(boxes, data.edges, orientation);
  const labels = data.edges.length > MOST_LABELS ? new Map<number, Label>() : labelsOf(data, layout, orientation);
  return { layout, labels, ways: waysOf(data, layout, orientation) };
}

/** The labels of edges; of those at one step where it is named. */
export function labelsOf(data: GraphData, layout: Layout, orientation: Orientation, step?: string): Map<number, Label> {
  const texts = data.edges.map(edge =>
    step === undefined || edge.from === step || edge.to === step ? shortNames(edge.names) : ''
  );
  return new Map(placeLabels(layout, texts, orientation).map(label => [label.edge, label]));
}

/** What decides the shape: two graphs with the same text have the same. */
export function structure(data: GraphData): string {
  return JSON.stringify([
    cardWidth(data),
    data.nodes.map(node => [node.name, node.group, node.exit ? 1 : 0]),
    data.edges.map(edge => [edge.from, edge.to, shortNames(edge.names)])
  ]);
}

/** One width for all cards: what the longest name needs, within bounds. */
function cardWidth(data: GraphData): number {
  const longest = data.nodes.reduce((most, node) => Math.max(most, textWidth(titleOf(node), 14)), 0);
  return Math.round(Math.min(Math.max(longest + BESIDE_NAME, CARD.narrowest), CARD.widest));
}
