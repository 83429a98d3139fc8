/** How bad the worst thing is that a badge counts. */
export type Severity = 'error' | 'warning' | 'info';

/** A short text at the corner of a step, for example how many diagnostics it has. */
export interface Badge {
  readonly text: string;
  readonly severity: Severity;
}

/** How many tasks are in each state. */
export type Counts = Readonly<Record<string, number>>;

/** A step of a pipeline as it is drawn. Texts come from notebooks and servers: they are only ever set as text. */
export interface GraphNode {
  /** What the step is called everywhere else; unique in a graph. */
  readonly name: string;
  /** What a person reads; the name where it is empty. */
  readonly title: string;
  /** A task state, or '' where there is no run. */
  readonly state: string;
  /** The sub-pipeline or included notebook that the step belongs to, or ''. */
  readonly group: string;
  /** The second line of the card, without the state: a time, a cell, what the step is. */
  readonly subtitle: string;
  /** More about the step, a line a fact. */
  readonly details: string;
  readonly kind?: string;
  /** The text of the step's `for_each`. */
  readonly loop?: string;
  /** The tasks of a loop, or the steps of a collapsed group, by state. */
  readonly items?: Counts;
  /** The text of the step's condition. */
  readonly when?: string;
  /** Whether it runs at the end, whatever happened. */
  readonly exit?: boolean;
  readonly badge?: Badge;
  /** What the step reads and makes, where it is more than what flows along the edges. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
}

/** What flows from a step to a later one; without names it only orders them. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly names: readonly string[];
  /** What flowed in the last run, a line a value: type and size. */
  readonly details?: string;
}

/** A pipeline, or a run of one, as it is drawn. */
export interface GraphData {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** What a person reads as the name of a step. */
export function titleOf(node: GraphNode): string {
  return node.title || node.name;
}

/** The names that come into and go out of each step, in the order of the edges. */
export interface Flow {
  readonly after: readonly string[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What each step comes after, takes and gives. */
export function flows(data: GraphData): ReadonlyMap<string, Flow> {
  const found = new Map(
    data.nodes.map(node => [
      node.name,
      { after: new Set<string>(), in: new Set(node.inputs), out: new Set(node.outputs) }
    ])
  );
  for (const edge of data.edges) {
    found.get(edge.to)?.after.add(edge.from);
    for (const name of edge.names) {
      found.get(edge.to)?.in.add(name);
      found.get(edge.from)?.out.add(name);
    }
  }
  return new Map(
    [...found].map(([name, flow]) => [name, { after: [...flow.after], inputs: [...flow.in], outputs: [...flow.out] }])
  );
}
