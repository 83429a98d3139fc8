import { framedGroups } from './layout/frames';
import { type Badge, type GraphData, type GraphEdge, type GraphNode, type Severity, titleOf } from './model';
import { countStates, stateOf } from './states';

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** The name of the node that stands for a closed group. */
export function groupNode(group: string): string {
  return `group:${group}`;
}

/** The group that a node stands for; undefined for a step. */
export function groupOf(node: GraphNode): string | undefined {
  return node.kind === 'group' ? node.title : undefined;
}

/** The groups that can be closed: those that are drawn as a frame. */
export function collapsibleGroups(data: GraphData): readonly string[] {
  return [...framedGroups(data.nodes, data.edges)];
}

/** The graph with each closed group as one node that counts the states of its steps. */
export function collapsed(data: GraphData, closed: ReadonlySet<string>): GraphData {
  const groups = new Set(closed.size ? collapsibleGroups(data).filter(group => closed.has(group)) : []);
  if (!groups.size) {
    return data;
  }
  const members = new Map([...groups].map(group => [group, data.nodes.filter(node => node.group === group)]));
  const nodes: GraphNode[] = [];
  const seen = new Set<string>();
  for (const node of data.nodes) {
    if (!groups.has(node.group)) {
      nodes.push(node);
    } else if (!seen.has(node.group)) {
      seen.add(node.group);
      nodes.push(merged(node.group, members.get(node.group) ?? []));
    }
  }
  return { ...data, nodes, edges: mergedEdges(data, groups) };
}

function merged(group: string, members: readonly GraphNode[]): GraphNode {
  const items = countStates(members.map(node => node.state));
  return {
    name: groupNode(group),
    title: group,
    kind: 'group',
    group: '',
    state: stateOf(items),
    items,
    subtitle: '',
    details: members.map(titleOf).join('\n'),
    badge: mergedBadge(members),
    exit: members.every(node => node.exit)
  };
}

/** The sum of the members' counts, as severe as the worst of them. */
function mergedBadge(members: readonly GraphNode[]): Badge | undefined {
  const badges = members.flatMap(node => (node.badge ? [node.badge] : []));
  const severity = SEVERITIES.find(each => badges.some(badge => badge.severity === each));
  if (!severity) {
    return undefined;
  }
  const total = badges.reduce((sum, badge) => sum + (Number(badge.text) || 1), 0);
  return { text: String(total), severity };
}

function mergedEdges(data: GraphData, groups: ReadonlySet<string>): GraphEdge[] {
  const group = new Map(data.nodes.map(node => [node.name, node.group]));
  const end = (name: string): string => {
    const own = group.get(name) ?? '';
    return groups.has(own) ? groupNode(own) : name;
  };
  const edges = new Map<string, { from: string; to: string; names: Set<string>; details: Set<string> }>();
  for (const edge of data.edges) {
    const [from, to] = [end(edge.from), end(edge.to)];
    if (from === to) {
      continue;
    }
    const key = JSON.stringify([from, to]);
    const known = edges.get(key) ?? { from, to, names: new Set(), details: new Set() };
    edges.set(key, known);
    edge.names.forEach(name => known.names.add(name));
    (edge.details ?? '').split('\n').forEach(line => line && known.details.add(line));
  }
  return [...edges.values()].map(({ from, to, names, details }) => ({
    from,
    to,
    names: [...names],
    ...(details.size ? { details: [...details].join('\n') } : {})
  }));
}
