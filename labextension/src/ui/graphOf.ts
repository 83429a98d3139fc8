import { TranslationBundle } from '@jupyterlab/translation';
import { Analysis, Diagnostic, Graph, Severity, Step, Task, ValueInfo } from '../api/shapes';
import { Badge, GraphData, GraphEdge, GraphNode } from '../graph/model';
import { RunModel } from '../model/runModel';
import { countStates } from '../model/tasks';
import { bytesText, durationText, waitText } from './looks';

/** What of a run is shown on the graph of its notebook. */
export type RunOnGraph = Pick<RunModel, 'run' | 'graph' | 'tasksOf'>;

/** A notebook's pipeline as it is drawn: with the states, times and values of its last run, and its diagnostics. */
export function graphOf(analysis: Analysis, last: RunOnGraph | null, trans: TranslationBundle): GraphData {
  return drawn(analysis, analysis.diagnostics, last, trans);
}

/** A run's pipeline as it is drawn. */
export function graphOfRun(run: RunOnGraph, trans: TranslationBundle): GraphData {
  return run.graph ? drawn(run.graph, [], run, trans) : { name: run.run?.pipeline ?? '', nodes: [], edges: [] };
}

/** A handed-over value in words: `pandas.DataFrame 426 × 30, 103.2 KiB`. */
export function handedText(value: ValueInfo): string {
  const shape = value.shape?.length ? ` ${value.shape.join(' × ')}` : '';
  const size = value.bytes === null ? '' : `, ${bytesText(value.bytes)}`;
  return `${value.type}${shape}${size}`;
}

/** How many diagnostics, coloured by the worst. */
export function badgeOf(diagnostics: readonly Diagnostic[]): Badge | undefined {
  if (diagnostics.length === 0) {
    return undefined;
  }
  const worst: Severity =
    (['error', 'warning'] as const).find(severity => diagnostics.some(item => item.severity === severity)) ?? 'info';
  return { text: String(diagnostics.length), severity: worst };
}

function drawn(
  graph: Graph,
  diagnostics: readonly Diagnostic[],
  last: RunOnGraph | null,
  trans: TranslationBundle
): GraphData {
  const states = new Map(last?.graph?.steps.map(step => [step.name, step]) ?? []);
  const nodes = graph.steps.map(step =>
    nodeOf(step, states.get(step.name), last?.tasksOf(step.name) ?? [], badge(step), trans)
  );
  const edges = graph.edges.map((edge): GraphEdge => {
    const values = valuesOf(last?.tasksOf(edge.from) ?? []);
    const known = edge.names.filter(name => values.has(name));
    return { ...edge, details: known.map(name => `${name}: ${values.get(name)}`).join('\n') || undefined };
  });
  return { name: graph.name, nodes, edges };

  function badge(step: Step): Badge | undefined {
    return badgeOf(diagnostics.filter(item => item.step === step.name && item.severity !== 'info'));
  }
}

function nodeOf(
  step: Step,
  inRun: Step | undefined,
  tasks: readonly Task[],
  badge: Badge | undefined,
  trans: TranslationBundle
): GraphNode {
  const loop = tasks.length > 1;
  return {
    name: step.name,
    title: step.title ?? '',
    kind: step.kind,
    state: inRun?.state ?? '',
    group: step.group ?? '',
    loop: step.for_each ?? undefined,
    // The server gives counts of loops, and none of other steps.
    items: isFilled(inRun?.items) ? inRun?.items : loop ? countStates(tasks) : undefined,
    when: step.when ?? undefined,
    exit: step.exit,
    subtitle: tasks.length > 0 && inRun ? timeOf(tasks, trans) : cellsText(step, trans),
    details: detailsOf(step, tasks, trans),
    badge,
    inputs: step.inputs,
    outputs: step.outputs
  };
}

function isFilled(counts: Step['items']): boolean {
  return counts !== undefined && Object.keys(counts).length > 0;
}

function cellsText(step: Step, trans: TranslationBundle): string {
  return step.cells.length ? trans._n('%1 cell', '%1 cells', step.cells.length) : '';
}

/** How long a step took, or that it waits; of a loop, how far it is says more. */
function timeOf(tasks: readonly Task[], trans: TranslationBundle): string {
  const [task] = tasks;
  if (tasks.length === 1 && task.waiting) {
    return trans.__('waits');
  }
  return tasks.length === 1 && task.attempt > 0 && !task.cached ? durationText(task.seconds) : '';
}

function detailsOf(step: Step, tasks: readonly Task[], trans: TranslationBundle): string {
  const lines = [
    step.when ? trans.__('Only if %1', step.when) : '',
    step.for_each ? trans.__('For each %1', step.for_each) : '',
    step.exit ? trans.__('Runs at the end, whatever happened') : '',
    ...tasks.filter(task => task.waiting).map(task => `${task.task} ${waitText(task, trans)}`),
    ...tasks.filter(task => task.reason).map(task => `${task.task}: ${task.reason}`)
  ];
  return lines.filter(Boolean).join('\n');
}

function valuesOf(tasks: readonly Task[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const task of tasks) {
    for (const [name, value] of Object.entries(task.outputs)) {
      values.set(name, tasks.length > 1 ? `${tasks.length} × ${handedText(value)}` : handedText(value));
    }
  }
  return values;
}
