import { type GraphData, type GraphEdge, type GraphNode, titleOf } from './model';
import type { TipText } from './tip';
import { type Translate, edgeLines, statusLine } from './words';

/** All there is to say of a step: its state, loop and condition, what flows in and out with types and sizes. */
export function aboutStep(node: GraphNode, data: GraphData, trans: Translate): TipText {
  const title = titles(data);
  const details = node.details.split('\n').filter(line => line.trim() !== '');
  const incoming = data.edges.filter(edge => edge.to === node.name);
  const outgoing = data.edges.filter(edge => edge.from === node.name);
  return {
    heading: titleOf(node),
    lines: [
      statusLine(node, trans),
      node.loop ? trans('for each %1', node.loop) : '',
      node.when ? trans('when %1', node.when) : '',
      node.exit ? trans('runs at the end, whatever happened') : '',
      ...details,
      ...incoming.map(edge =>
        trans('from %1: %2', title.get(edge.from) ?? edge.from, edgeLines(edge, trans).join(', '))
      ),
      ...outgoing.map(edge => trans('to %1: %2', title.get(edge.to) ?? edge.to, edgeLines(edge, trans).join(', ')))
    ].filter(line => line !== '')
  };
}

/** What flows along an edge. */
export function aboutEdge(edge: GraphEdge, data: GraphData, trans: Translate): TipText {
  const title = titles(data);
  return {
    heading: `${title.get(edge.from) ?? edge.from} → ${title.get(edge.to) ?? edge.to}`,
    lines: edgeLines(edge, trans)
  };
}

function titles(data: GraphData): Map<string, string> {
  return new Map(data.nodes.map(node => [node.name, titleOf(node)]));
}
